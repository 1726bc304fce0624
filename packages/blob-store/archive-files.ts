/** The files of archives below the store's folder. */
import { rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Database, unlessHeld } from '@osimage/database';

/**
 * Removes an archive's file, given relative to the store's folder, and the folders of attempt and job it leaves empty.
 * One that is gone already is fine. While a backup copies the store it stays, for the sweeper: no row names it any more.
 */
export async function removeArchiveFile(db: Database, root: string, path: string): Promise<void> {
  await unlessHeld(db, () => remove(root, path));
}

async function remove(root: string, path: string): Promise<void> {
  const file = join(root, path);
  await rm(file, { force: true });
  const attempt = dirname(file);
  // Another attempt's files may still lie there.
  await rmdir(attempt)
    .then(() => rmdir(dirname(attempt)))
    .catch(() => {});
}
