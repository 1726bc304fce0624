/** What a job needs to reach the remote file server it names: its profile, its pins and where we may connect to. */
import { findServer, pinHostKey } from '@osimage/database';
import { notFound, Problem } from '@osimage/errors';
import { open } from '@osimage/secrets';
import type { PackagerContext } from '../context.ts';
import { defaultOptions, type ServerAccess } from '../server-profile.ts';
import type { Attempt } from './attempt.ts';

/**
 * The profile is read anew for each attempt. Throws Problem not_found when it is gone, or secret_unreadable.
 */
export async function accessServer(context: PackagerContext, attempt: Attempt): Promise<ServerAccess> {
  const { db, secrets, settings, addresses } = context;
  const id = attempt.job.server_id ?? '';
  const server = await findServer(db, id);
  if (!server) throw notFound('remote file server', id);
  const opened = (sealed: string | null, what: string) =>
    sealed === null ? '' : open(secrets, sealed, `server/${server.id}/${what}`);
  return {
    server: {
      id: server.id,
      address: server.address,
      port: server.port,
      protocol: server.protocol,
      username: server.username,
      password: opened(server.password, 'password'),
      privateKey: opened(server.private_key, 'private_key'),
      defaultPath: server.default_path,
      hostKeys: server.host_keys,
      options: defaultOptions,
    },
    signal: attempt.signal,
    addresses,
    pinHostKey: async (key) => {
      if (settings.HOST_KEYS === 'pinned') throw new Problem('host_key_unknown', { address: server.address });
      // The revision: a profile that was moved meanwhile must not get the old machine's key.
      return await pinHostKey(db, server.id, key, server.revision);
    },
  };
}
