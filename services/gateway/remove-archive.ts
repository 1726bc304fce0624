/** Removes the files of deleted archives from the store. */
import { rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Logger } from '@osimage/telemetry';

/**
 * Removes files, given relative to the store's folder, and the folders of attempt and job they leave empty.
 * A file that cannot be removed is logged: its row says that it is deleted, and nobody can fetch it any more.
 */
export async function removeArchiveFiles(
  storeRoot: string,
  paths: readonly string[],
  log: Logger,
): Promise<void> {
  for (const path of paths) {
    const file = join(storeRoot, path);
    try {
      await rm(file, { force: true });
    } catch (error) {
      log.error({ err: error, path }, 'the file of a deleted archive could not be removed');
      continue;
    }
    const attempt = dirname(file);
    // Another attempt's files may still lie there.
    await rmdir(attempt)
      .then(() => rmdir(dirname(attempt)))
      .catch(() => {});
  }
}
