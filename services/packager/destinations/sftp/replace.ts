/**
 * Gives a complete file its final name. Where the server can do that at once (posix-rename@openssh.com), nobody ever
 * sees the name without a file; version 3 of SFTP alone forbids renaming over a file. Then the old one is first put
 * aside, and put back when the new one does not get the name: never half a file, only for a moment none. Removing the
 * old one would be simpler, but a worker that is stopped right before that and wakes up when its successor is done
 * would remove the new one; this one finds its temporary file gone, and puts back what it has taken. A link
 * cannot be put aside on every server, so it is removed: what it leads to must not be touched.
 */
import { SftpStatus } from '../../sftp/errors.ts';
import type { SftpFiles } from '../../sftp/files.ts';
import { status } from '../../sftp/packets.ts';
import type { DeliveryNames } from '../names.ts';

/** A file on its way to its final name. */
export interface Publishing {
  readonly partial: string;
  readonly final: string;
  /** Where an old file goes for the moment. */
  readonly aside: string;
}

/** Gives whether there was a moment without a file of that name. Throws SftpStatus; what was there is there again then. */
export async function replace(
  files: SftpFiles,
  { partial, final, aside }: Publishing,
  checkLease: () => Promise<void>,
): Promise<boolean> {
  try {
    const removed = await removeLink(files, final, checkLease);
    await files.rename(partial, final);
    return removed;
  } catch (error) {
    // Without the temporary file there is nothing to make room for.
    if (!(error instanceof SftpStatus) || error.status === status.noSuchFile) throw error;
    if ((await files.lstat(final)) === undefined) throw error;
    await checkLease();
    await files.renamePlainly(final, aside).catch((refused: unknown) => {
      // Why the first one was refused says more; a connection that broke meanwhile does not.
      throw refused instanceof SftpStatus ? error : refused;
    });
  }
  try {
    await files.renamePlainly(partial, final);
  } catch (error) {
    await files.renamePlainly(aside, final);
    throw error;
  }
  await files.remove(aside).catch(() => undefined);
  return true;
}

/** Gives whether there was one that a renaming would follow. */
async function removeLink(files: SftpFiles, path: string, checkLease: () => Promise<void>): Promise<boolean> {
  if (files.replacesLinks || !(await files.isLink(path))) return false;
  await checkLease();
  await files.remove(path);
  return true;
}

/** After attempts that died while an old file was aside: it gets its name back, or goes if its successor is there. */
export async function putBack(files: SftpFiles, attempts: readonly DeliveryNames[]): Promise<void> {
  const pairs = attempts.flatMap((names) => [
    [names.archiveAside, names.archive],
    [names.checksumAside, names.checksum],
  ]);
  await Promise.all(
    pairs.map(async ([aside = '', final = '']) => {
      try {
        if ((await files.lstat(aside)) === undefined) return;
        if ((await files.lstat(final)) === undefined) await files.renamePlainly(aside, final);
        else await files.remove(aside);
      } catch (error) {
        if (!(error instanceof SftpStatus)) throw error;
      }
    }),
  );
}
