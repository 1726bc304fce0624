/**
 * Who the server is. A key is written as in known_hosts, "type base64"; pinned keys are compared byte for byte,
 * and the password is not offered before that comparison is done.
 */
import { createHash } from 'node:crypto';
import { Problem } from '@osimage/errors';
import type { ServerHostKeyAlgorithm } from 'ssh2';
import type { ServerProfile } from '../server-profile.ts';

// Nothing that signs with SHA-1 (ssh-rsa) and no DSA.
const hostKeyAlgorithms: readonly ServerHostKeyAlgorithm[] = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
];

/**
 * What to ask the server for: first the kinds of key that are pinned. A server has several, and asking for
 * another than the pinned one would look as if it had changed.
 */
export function preferredAlgorithms(pins: readonly string[]): ServerHostKeyAlgorithm[] {
  const types = new Set(pins.map((pin) => pin.split(' ')[0]));
  const pinned = (algorithm: string) => types.has(algorithm.startsWith('rsa-') ? 'ssh-rsa' : algorithm);
  return [
    ...hostKeyAlgorithms.filter(pinned),
    ...hostKeyAlgorithms.filter((algorithm) => !pinned(algorithm)),
  ];
}

/** The "type base64" form of a public key as it comes over the wire, where the type stands in front. */
export function keyText(key: Buffer): string {
  const typeLength = key.readUInt32BE(0);
  return `${key.toString('latin1', 4, 4 + typeLength)} ${key.toString('base64')}`;
}

/** As ssh-keygen -l prints it: SHA256:… */
export function fingerprint(key: string): string {
  const bytes = Buffer.from(key.split(' ')[1] ?? '', 'base64');
  return `SHA256:${createHash('sha256').update(bytes).digest('base64').replace(/=+$/, '')}`;
}

/** Throws Problem host_key_changed unless `shown` is one of the pinned keys. A pin that makes no sense matches nothing. */
export function checkHostKey(shown: string, pins: readonly string[], server: ServerProfile): void {
  if (pins.some((pin) => pin.split(/\s+/, 2).join(' ') === shown)) return;
  throw new Problem('host_key_changed', {
    address: server.address,
    pinned: pins.map(fingerprint).join(', '),
    shown: fingerprint(shown),
  });
}
