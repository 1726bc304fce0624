/** Where exactly an archive goes on an SFTP server, and the folders on the way there. */
import { Problem } from '@osimage/errors';
import type { ServerProfile } from '../../server-profile.ts';
import { remoteProblem, SftpStatus } from '../../sftp/errors.ts';
import { isFolder, type SftpFiles } from '../../sftp/files.ts';
import type { Delivery } from '../destination.ts';
import { findTarget as findPlace, type Places, type RemoteTarget } from '../target.ts';

/** As every destination does it. */
export function findTarget(files: SftpFiles, delivery: Delivery): Promise<RemoteTarget> {
  const asked = (at: string) => (error: unknown) => {
    throw remoteProblem(error, delivery.server, `look at ${at}`, at);
  };
  const places: Places = {
    landing: () => files.realpath('.').catch(asked('.')),
    async look(path) {
      const found = await files.stat(path).catch(asked(path));
      return found && { folder: isFolder(found) };
    },
  };
  return findPlace(places, delivery);
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
