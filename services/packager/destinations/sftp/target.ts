/** Where exactly an archive goes on the server (contract, C-7), and the folders on the way there. */
import { posix } from 'node:path';
import { Problem } from '@osimage/errors';
import { normaliseTargetPath } from '@osimage/outbound';
import type { ServerProfile } from '../../server-profile.ts';
import { remoteProblem, SftpStatus } from '../../sftp/errors.ts';
import { isFolder, type SftpFiles } from '../../sftp/files.ts';
import type { Delivery } from '../destination.ts';

export interface RemoteTarget {
  /** Absolute. */
  readonly folder: string;
  readonly name: string;
  /** Folders that are not there yet, the outermost first. */
  readonly missing: readonly string[];
  /** The innermost folder on the way that is there. */
  readonly existing: string;
}

/**
 * A path that ends in "/" or is an existing folder takes the archive under our own name; any other path is the
 * full file name; none is the server's default folder. A relative path starts where the login lands.
 */
export async function findTarget(files: SftpFiles, delivery: Delivery): Promise<RemoteTarget> {
  const { server, filename } = delivery;
  const path =
    normaliseTargetPath(delivery.path) || normaliseTargetPath(`${server.defaultPath}/`.replace(/^\/$/, ''));
  const asked = (at: string) => (error: unknown) => {
    throw remoteProblem(error, server, `look at ${at}`, at);
  };
  const absolute = path.startsWith('/')
    ? path
    : posix.join(await files.realpath('.').catch(asked('.')), path || './');
  const inFolder =
    absolute.endsWith('/') ||
    isFolder((await files.stat(absolute).catch(asked(absolute))) ?? { size: 0, mode: 0 });
  const folder = inFolder ? absolute.replace(/(?<=.)\/$/, '') : posix.dirname(absolute);
  const name = inFolder ? filename : posix.basename(absolute);

  const missing: string[] = [];
  let existing = folder;
  for (;;) {
    const found = await files.stat(existing).catch(asked(existing));
    if (found !== undefined && isFolder(found)) return { folder, name, missing, existing };
    if (found !== undefined)
      throw new Problem('remote_not_a_folder', { path: existing, address: server.address });
    if (existing === '/') throw new Problem('remote_no_folder', { path: folder, address: server.address });
    missing.unshift(existing);
    existing = posix.dirname(existing);
  }
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
