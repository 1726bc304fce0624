/** Where exactly an archive goes on a server (contract, C-7), whatever the protocol. */
import { posix } from 'node:path';
import { Problem } from '@osimage/errors';
import { normaliseTargetPath } from '@osimage/outbound';
import type { Delivery } from './destination.ts';

export interface RemoteTarget {
  /** Absolute. */
  readonly folder: string;
  readonly name: string;
  /** Folders that are not there yet, the outermost first. */
  readonly missing: readonly string[];
  /** The innermost folder on the way that is there. */
  readonly existing: string;
}

/** What is asked of a server to find a place on it. Both throw a Problem. */
export interface Places {
  /** Where a relative path starts, absolute. */
  landing(): Promise<string>;
  /** What is at an absolute path; undefined: nothing. */
  look(path: string): Promise<{ readonly folder: boolean } | undefined>;
}

/**
 * A path that ends in "/" or is an existing folder takes the archive under our own name; any other path is the
 * full file name; none is the server's default folder. A relative path starts where the login lands.
 */
export async function findTarget(
  places: Places,
  { filename, path: asked, server }: Pick<Delivery, 'filename' | 'path' | 'server'>,
): Promise<RemoteTarget> {
  const path =
    normaliseTargetPath(asked) || normaliseTargetPath(`${server.defaultPath}/`.replace(/^\/$/, ''));
  const absolute = path.startsWith('/') ? path : posix.join(await places.landing(), path || './');
  const inFolder = absolute.endsWith('/') || (await places.look(absolute))?.folder === true;
  const folder = inFolder ? absolute.replace(/(?<=.)\/$/, '') : posix.dirname(absolute);
  const name = inFolder ? filename : posix.basename(absolute);

  const missing: string[] = [];
  let existing = folder;
  for (;;) {
    const found = await places.look(existing);
    if (found?.folder === true) return { folder, name, missing, existing };
    if (found !== undefined)
      throw new Problem('remote_not_a_folder', { path: existing, address: server.address });
    if (existing === '/') throw new Problem('remote_no_folder', { path: folder, address: server.address });
    missing.unshift(existing);
    existing = posix.dirname(existing);
  }
}
