/** What answers show of a server profile (contract, 8.1), and what the audit trail tells of a change. */
import type { ServerRow } from '@osimage/database';
import { fingerprint } from '@osimage/outbound';
import { shownTag } from '../changes/preconditions.ts';
import { shownOptions } from './options.ts';

/** Never the password, nor the private half of a key pair. */
export function shownServer(server: ServerRow) {
  return {
    serverId: server.id,
    displayName: server.display_name,
    address: server.address,
    port: server.port,
    protocol: server.protocol,
    username: server.username,
    ...shownKey(server.key_type, server.public_key),
    pendingKeyType: server.pending_key_type,
    pendingPublicKey: server.pending_public_key,
    pendingKeySignature: signature(server.pending_public_key),
    defaultPath: server.default_path,
    hostKeys: server.host_keys,
    ...shownOptions(server),
    modified: server.modified_at.toISOString(),
    modifiedBy: server.modified_by,
  };
}

/**
 * As the answer to whoever asked for a key pair shows it: the contract promises the new key in `serverPublicKey`,
 * so there it stands, although it is pending.
 */
export function shownWithNewKey(server: ServerRow) {
  return { ...shownServer(server), ...shownKey(server.pending_key_type, server.pending_public_key) };
}

/** Of all that is shown, and of what is not: a new password alone is a change as well. */
export function serverTag(server: ServerRow): string {
  return shownTag({ ...shownServer(server), revision: server.revision });
}

/** Names of changed attributes and fingerprints of keys, for the audit trail. */
export function changesOf(before: ServerRow | undefined, after: ServerRow): string {
  const parts = before ? [attributesChanged(before, after)] : [];
  const told = (what: string, keys: readonly string[]) =>
    keys.length > 0 ? `${what} ${keys.map(marked).join(', ')}` : '';
  const pins = before?.host_keys ?? [];
  parts.push(
    told(
      'host keys pinned:',
      after.host_keys.filter((key) => !pins.includes(key)),
    ),
    told(
      'host keys dropped:',
      pins.filter((key) => !after.host_keys.includes(key)),
    ),
    keyChange('key pair', before?.public_key ?? '', after.public_key),
    keyChange('pending key pair', before?.pending_public_key ?? '', after.pending_public_key),
  );
  return parts.filter((part) => part !== '').join('; ');
}

function attributesChanged(before: ServerRow, after: ServerRow): string {
  const [was, is] = [shownServer(before), shownServer(after)];
  const left = /^(modified|hostKeys|key|serverPublicKey|pending)/;
  const names = Object.keys(is).filter((name) => {
    const key = name as keyof typeof is;
    return !left.test(name) && JSON.stringify(was[key]) !== JSON.stringify(is[key]);
  });
  if (before.password !== after.password) names.push('password');
  return names.length > 0 ? `changed: ${names.join(', ')}` : '';
}

function keyChange(what: string, before: string, after: string): string {
  const [was, is] = [signature(before), signature(after)];
  if (was === is) return '';
  return is === '' ? `${what} dropped: ${was}` : `${what} made: ${is}`;
}

function marked(key: string): string {
  return key.startsWith('@') ? `${fingerprint(key)} (revoked)` : fingerprint(key);
}

function shownKey(keyType: string, publicKey: string) {
  return { keyType, serverPublicKey: publicKey, keySignature: signature(publicKey) };
}

function signature(publicKey: string): string {
  return publicKey === '' ? '' : fingerprint(publicKey);
}
