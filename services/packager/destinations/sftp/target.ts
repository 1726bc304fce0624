/** Where exactly an archive goes on an SFTP server, and the folders on the way there. */
import { posix } from 'node:path';
import { Problem } from '@osimage/errors';
import type { ServerProfile } from '../../server-profile.ts';
import { hasStatus, remoteProblem, SftpStatus } from '../../sftp/errors.ts';
import { isFolder, type SftpFiles } from '../../sftp/files.ts';
import { type Attributes, status } from '../../sftp/packets.ts';
import type { Delivery } from '../destination.ts';
import type { DeliveryNames } from '../names.ts';
import { findTarget as findPlace, type Places, type RemoteTarget } from '../target.ts';

/** As every destination does it. */
export function findTarget(files: SftpFiles, delivery: Delivery): Promise<RemoteTarget> {
  const { server } = delivery;
  const places: Places = {
    landing: () =>
      files.realpath('.').catch((error: unknown) => {
        throw remoteProblem(error, server, 'look at .', '.');
      }),
    async look(path) {
      const found = await files
        .stat(path)
        .catch((error: unknown) => throwLooking(files, server, path, error));
      return found && { folder: isFolder(found) };
    },
  };
  return findPlace(places, delivery);
}

/**
 * What lies under the name of the archive. A folder under one of the final names would stop the renaming only
 * after everything was sent.
 */
export async function lookAtTarget(
  files: SftpFiles,
  { server }: Delivery,
  names: DeliveryNames,
): Promise<Attributes | undefined> {
  const look = async (path: string) => {
    const found = await files.lstat(path).catch((error: unknown) => throwLooking(files, server, path, error));
    if (found === undefined || !isFolder(found)) return found;
    throw new Problem('conflict', { detail: `A folder is in the way on the file server: ${path}.` });
  };
  const [archive] = await Promise.all([look(names.archive), look(names.checksum)]);
  return archive;
}

/**
 * Servers only say "failure" to a name that is too long for their disk. Where they have another answer to another name
 * in the same folder, it is the name.
 */
async function throwLooking(
  files: SftpFiles,
  server: ServerProfile,
  path: string,
  error: unknown,
): Promise<never> {
  if (hasStatus(error, status.failure)) {
    const other = posix.join(posix.dirname(path), '.osimage');
    const isName = await files.lstat(other).then(
      () => true,
      (reason: unknown) => {
        if (reason instanceof SftpStatus) return false;
        throw reason;
      },
    );
    const detail = 'it can do nothing with it, as with one that is too long';
    if (isName)
      throw new Problem('remote_name_refused', { address: server.address, path, detail }, { cause: error });
  }
  throw remoteProblem(error, server, `look at ${path}`, path);
}

/** Makes the missing folders; one that somebody else makes at the same moment is as good. */
export async function makeFolders(
  files: SftpFiles,
  target: RemoteTarget,
  server: ServerProfile,
): Promise<void> {
  for (const path of target.missing) {
    try {
      await files.makeFolder(path);
    } catch (error) {
      if (!(error instanceof SftpStatus)) throw error;
      const found = await files.stat(path).catch(() => undefined);
      if (found !== undefined && isFolder(found)) continue;
      const problem = remoteProblem(error, server, `make the folder ${path}`, path);
      if (problem instanceof Problem && problem.code === 'remote_permission') throw problem;
      throw new Problem('remote_no_folder', { path, address: server.address }, { cause: error });
    }
  }
}
