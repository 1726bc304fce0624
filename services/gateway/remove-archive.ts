/** Removes the files of deleted archives from the store. */
import { removeArchiveFile } from '@osimage/blob-store';
import type { Database } from '@osimage/database';
import type { Logger } from '@osimage/telemetry';

/**
 * Removes files, given relative to the store's folder. A file that cannot be removed is logged: its row says that it
 * is deleted, and nobody can fetch it any more.
 */
export async function removeArchiveFiles(
  db: Database,
  storeRoot: string,
  paths: readonly string[],
  log: Logger,
): Promise<void> {
  for (const path of paths) {
    await removeArchiveFile(db, storeRoot, path).catch((error: unknown) =>
      log.error({ err: error, path }, 'the file of a deleted archive could not be removed'),
    );
  }
}
