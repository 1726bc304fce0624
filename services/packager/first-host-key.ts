/** Trust on first use: the host key that is seen first is pinned, with an entry in the audit trail. */
import { pinHostKey, type ServerRow } from '@osimage/database';
import { Problem } from '@osimage/errors';
import { fingerprint } from '@osimage/outbound';
import type { PackagerContext } from './context.ts';

/** For whom a server is connected to. */
export interface Actor {
  readonly user: string;
  readonly requestId: string;
  readonly jobId?: string;
}

/**
 * Pins the first key seen of `server` and gives the keys that are pinned afterwards. Throws Problem host_key_unknown
 * where keys must be pinned before, or server_profile_changed.
 */
export async function pinFirst(
  { db, settings, audit }: PackagerContext,
  actor: Actor,
  server: ServerRow,
  key: string,
): Promise<readonly string[]> {
  if (settings.HOST_KEYS === 'pinned') throw new Problem('host_key_unknown', { address: server.address });
  // The revision: a profile that was moved meanwhile must not get the old machine's key.
  const { hostKeys, pinned } = await pinHostKey(db, server.id, key, server.revision);
  if (pinned)
    await audit.record({
      source: 'service',
      address: '',
      action: 'server.pin-host-key',
      objects: [server.id],
      outcome: 'success',
      detail: `host keys pinned: ${fingerprint(key)} (first use)`,
      ...actor,
    });
  // Nothing is pinned and the profile is another one by now.
  else if (hostKeys.length === server.host_keys.length)
    throw new Problem('server_profile_changed', { id: server.id });
  return hostKeys;
}
