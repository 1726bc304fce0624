/**
 * The key pair of a remote file server profile (contract, 8.1): when one is made, kept, renamed and dropped. The
 * private half is stored sealed and leaves the service only as signatures.
 */
import type { ServerValues } from '@osimage/database';
import { Problem } from '@osimage/errors';
import { type KeyRing, seal } from '@osimage/secrets';
import type { ServerChange } from './schemas/servers.ts';
import { type KeyPair, type KeyType, keyTypes, makeKeyPair } from './ssh-key-pair.ts';

export type ServerKeys = Pick<ServerValues, 'key_type' | 'public_key' | 'private_key'>;
export const noKeys: ServerKeys = { key_type: '', public_key: '', private_key: null };

/**
 * Makes the pair a change of `before` asks for, or gives undefined when it asks for none. Call it before the
 * transaction: it takes a second or more. Throws Problem key_type_not_supported or key_pair_not_possible.
 */
export async function preparePair(
  before: ServerKeys & { readonly protocol: string },
  wanted: ServerChange,
): Promise<KeyPair | undefined> {
  const type = typeAfter(before, wanted);
  const protocol = wanted.protocol?.toUpperCase() ?? before.protocol;
  refuseNonsense(type, wanted, protocol);
  if (protocol !== 'SFTP' || !isNew(before, type, wanted)) return undefined;
  return await makeKeyPair(type);
}

/**
 * The key columns of the profile `id` after a change. A pair goes with the profile to another address: it proves
 * nothing to a stranger, whom it only ever shows the public half and a signature bound to one session (RFC 4252, 7).
 * Throws Problem key_type_not_supported or key_pair_not_possible.
 */
export async function keysAfter(
  id: string,
  before: ServerKeys,
  wanted: ServerChange,
  protocol: string,
  prepared: KeyPair | undefined,
  secrets: KeyRing,
): Promise<ServerKeys> {
  const type = typeAfter(before, wanted);
  refuseNonsense(type, wanted, protocol);
  // Another protocol has no use for the pair of before.
  if (type === '' || protocol !== 'SFTP') return noKeys;
  const comment = (wanted.keyComment ?? commentOf(before.public_key)).trim();
  if (!isNew(before, type, wanted)) {
    const { private_key } = before;
    return { key_type: type, public_key: withComment(before.public_key, comment), private_key };
  }
  // Somebody else may have changed the type since the pair was made.
  const pair = prepared?.type === type ? prepared : await makeKeyPair(type);
  return {
    key_type: type,
    public_key: withComment(pair.publicKey, comment),
    private_key: seal(secrets, pair.privateKey, `server/${id}/private_key`),
  };
}

/** Whether a passphrase came, which is not kept: see docs/decisions.md. */
export function hasPassphrase({ keyPassphras, keyPassphrase }: ServerChange): boolean {
  return Boolean(keyPassphras || keyPassphrase);
}

function typeAfter(before: ServerKeys, { keyType }: ServerChange): KeyType | '' {
  if (keyType == null) return before.key_type;
  const wanted = keyType.trim().toLowerCase();
  if (wanted === '') return '';
  const type = keyTypes.find((name) => name.toLowerCase() === wanted);
  if (type === undefined) throw new Problem('key_type_not_supported', { keyType });
  return type;
}

/** The same type again is no wish for a new pair: clients send all they know with every change. */
function isNew(before: ServerKeys, type: KeyType | '', wanted: ServerChange): type is KeyType {
  return type !== '' && (type !== before.key_type || wanted.newKeyPair === true);
}

function refuseNonsense(type: string, wanted: ServerChange, protocol: string): void {
  const { keyPassphras, keyPassphrase } = wanted;
  const detail =
    type === '' && (hasPassphrase(wanted) || wanted.keyComment || wanted.newKeyPair)
      ? 'keyPassphrase, keyComment and newKeyPair need a keyType.'
      : wanted.keyType && protocol !== 'SFTP'
        ? `A key pair is for SFTP, not for ${protocol}.`
        : keyPassphras && keyPassphrase && keyPassphras !== keyPassphrase
          ? 'keyPassphras and keyPassphrase are two spellings of one attribute, but differ.'
          : undefined;
  if (detail) throw new Problem('key_pair_not_possible', { detail });
}

function commentOf(publicKey: string): string {
  return publicKey.split(' ').slice(2).join(' ');
}

function withComment(publicKey: string, comment: string): string {
  return [...publicKey.split(' ').slice(0, 2), ...(comment === '' ? [] : [comment])].join(' ');
}
