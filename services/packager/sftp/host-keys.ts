/**
 * Who the server is. A key is written as in known_hosts, "type base64"; pinned keys are compared byte for byte,
 * and the password is not offered before that comparison is done.
 */
import { Problem } from '@osimage/errors';
import { fingerprint, revokedKeys, trustedKeys } from '@osimage/outbound';
import type { ServerProfile } from '../server-profile.ts';

/** The "type base64" form of a public key as it comes over the wire, where the type stands in front. */
export function keyText(key: Buffer): string {
  const typeLength = key.readUInt32BE(0);
  return `${key.toString('latin1', 4, 4 + typeLength)} ${key.toString('base64')}`;
}

/**
 * Whether `shown` is one of the pinned keys; false: none is pinned, so nobody knows yet. Throws Problem
 * host_key_revoked, or host_key_changed when another one is pinned. A pin that makes no sense matches nothing.
 */
export function isPinned(
  shown: string,
  pins: readonly string[],
  server: Pick<ServerProfile, 'address'>,
): boolean {
  const { address } = server;
  if (revokedKeys(pins).includes(shown))
    throw new Problem('host_key_revoked', { address, shown: fingerprint(shown) });
  const trusted = trustedKeys(pins);
  if (trusted.includes(shown)) return true;
  if (trusted.length === 0) return false;
  const pinned = trusted.map(fingerprint).join(', ');
  throw new Problem('host_key_changed', { address, pinned, shown: fingerprint(shown) });
}
