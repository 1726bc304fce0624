/** What a delivery needs of the job and the database: the server's profile, its pins and the lease. */
import type { Archive } from '@osimage/archive';
import { findServer, pinHostKey } from '@osimage/database';
import { Problem } from '@osimage/errors';
import { open } from '@osimage/secrets';
import type { PackagerContext } from '../context.ts';
import type { Delivered } from '../destinations/destination.ts';
import { deliverTo } from '../destinations/index.ts';
import type { Attempt } from './attempt.ts';

/** Delivers the archive of an attempt to the server its job names. The profile is read anew each time. */
export async function deliver(
  context: PackagerContext,
  attempt: Attempt,
  archive: Archive,
): Promise<Delivered> {
  const { db, secrets, settings } = context;
  const { job } = attempt;
  const server = await findServer(db, job.server_id ?? '');
  if (!server) throw new Problem('not_found', { what: 'remote file server', id: job.server_id ?? '' });
  const password =
    server.password === null ? '' : open(secrets, server.password, `server/${server.id}/password`);
  return await deliverTo(server.protocol)({
    server: {
      id: server.id,
      address: server.address,
      port: server.port,
      protocol: server.protocol,
      username: server.username,
      password,
      defaultPath: server.default_path,
      hostKeys: server.host_keys,
    },
    archive,
    path: job.target_path ?? '',
    filename: job.filename ?? '',
    jobId: job.id,
    attempt: job.attempt,
    signal: attempt.signal,
    onProgress: (bytes) => attempt.progress(bytes),
    onStep: (step) => attempt.step(step),
    checkLease: () => attempt.checkLease(),
    pinHostKey: async (key) => {
      if (settings.HOST_KEYS === 'pinned') throw new Problem('host_key_unknown', { address: server.address });
      // The revision: a profile that was moved meanwhile must not get the old machine's key.
      return await pinHostKey(db, server.id, key, server.revision);
    },
  });
}
