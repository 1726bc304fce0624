/** From the row of a server profile to what it takes to connect: secrets opened, host keys of the installation added. */
import { readFile } from 'node:fs/promises';
import type { ServerRow } from '@osimage/database';
import { Problem, systemCode } from '@osimage/errors';
import { findKnownKeys, trustedKeys } from '@osimage/outbound';
import { open } from '@osimage/secrets';
import type { PackagerContext } from './context.ts';
import type { ServerProfile } from './server-profile.ts';

/**
 * Opens a profile, with its `pending` key instead of the present one where that is asked for. Throws Problem
 * secret_unreadable or known_hosts_unreadable.
 */
export async function openProfile(
  { secrets, settings }: Pick<PackagerContext, 'secrets' | 'settings'>,
  server: ServerRow,
  pending = false,
): Promise<ServerProfile> {
  const opened = (sealed: string | null, what: string) =>
    sealed === null ? '' : open(secrets, sealed, `server/${server.id}/${what}`);
  return {
    id: server.id,
    address: server.address,
    port: server.port,
    protocol: server.protocol,
    username: server.username,
    password: opened(server.password, 'password'),
    privateKey: opened(pending ? server.pending_private_key : server.private_key, 'private_key'),
    defaultPath: server.default_path,
    hostKeys: server.protocol === 'SFTP' ? await pinsOf(server, settings.KNOWN_HOSTS) : [],
    options: {
      connections: server.connections ?? undefined,
      bytesPerSecond: server.bytes_per_second ?? undefined,
      verify: server.verify,
      oldAlgorithms: server.old_algorithms,
      authentication: server.authentication,
    },
  };
}

/**
 * The pins of the profile; the installation's file counts where the profile has none, and its revoked keys always.
 * The file is read anew each time, and a server is never trusted while it cannot be read.
 */
async function pinsOf(server: ServerRow, path: string | undefined): Promise<readonly string[]> {
  if (path === undefined) return server.host_keys;
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    const detail = systemCode(error) ?? 'it is no text';
    throw new Problem('known_hosts_unreadable', { detail }, { cause: error });
  });
  const known = findKnownKeys(text, server.address, server.port);
  const counts =
    trustedKeys(server.host_keys).length === 0 ? known : known.filter((key) => key.startsWith('@'));
  return [...server.host_keys, ...counts];
}
