/** What a job needs to reach the remote file server it names: its profile, its pins and where we may connect to. */
import { findServer } from '@osimage/database';
import { type ErrorCode, notFound, Problem } from '@osimage/errors';
import type { PackagerContext } from '../context.ts';
import { pinFirst } from '../first-host-key.ts';
import { openProfile } from '../open-profile.ts';
import type { ServerAccess } from '../server-profile.ts';
import type { Attempt } from './attempt.ts';

/** What a change of the profile can put right, so that an attempt with the profile of before proves nothing. */
const aboutTheProfile: ReadonlySet<ErrorCode> = new Set([
  'login_refused',
  'key_refused',
  'host_key_changed',
  'host_key_revoked',
  'host_key_unknown',
  'no_safe_algorithm',
]);

/**
 * Does `work` with the server of an attempt's job. The profile is read anew for each attempt; one that is refused
 * with a profile that has changed meanwhile is tried again with the new one, so that a rotated key or password stops
 * no job that is on its way. Throws Problem not_found, secret_unreadable, known_hosts_unreadable,
 * server_profile_changed, or what `work` throws.
 */
export async function withServer<Result>(
  context: PackagerContext,
  attempt: Attempt,
  work: (access: ServerAccess) => Promise<Result>,
): Promise<Result> {
  const id = attempt.job.server_id ?? '';
  const server = await findServer(context.db, id);
  if (!server) throw notFound('remote file server', id);
  const { created_by: user, request_id: requestId, id: jobId } = attempt.job;
  const access: ServerAccess = {
    server: await openProfile(context, server),
    signal: attempt.signal,
    addresses: context.addresses,
    pinHostKey: (key) => pinFirst(context, { user, requestId, jobId }, server, key),
  };
  try {
    return await work(access);
  } catch (error) {
    if (!(error instanceof Problem) || !aboutTheProfile.has(error.code)) throw error;
    const now = await findServer(context.db, id).catch(() => undefined);
    if (now === undefined || now.revision === server.revision) throw error;
    throw new Problem('server_profile_changed', { id }, { cause: error });
  }
}
