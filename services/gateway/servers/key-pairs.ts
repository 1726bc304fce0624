/**
 * The key pairs of a remote file server profile (contract, 8.1): when one is made, kept, renamed and dropped. The
 * private half is stored sealed and leaves the service only as signatures. Beside a key there can be a pending one,
 * which takes its place when it has been seen to sign in (the test of the connection); until then jobs go on with
 * the present one, so that nothing stands still while the new key is carried to the server.
 */
import type { ServerValues } from '@osimage/database';
import { Problem } from '@osimage/errors';
import { type KeyRing, seal } from '@osimage/secrets';
import type { ServerChange } from '../schemas/servers.ts';
import { type KeyPair, type KeyType, keyTypes, makeKeyPair } from './ssh-key-pair.ts';

export type ServerKeys = Pick<
  ServerValues,
  | 'key_type'
  | 'public_key'
  | 'private_key'
  | 'pending_key_type'
  | 'pending_public_key'
  | 'pending_private_key'
>;
const noPending = { pending_key_type: '', pending_public_key: '', pending_private_key: null } as const;
export const noKeys: ServerKeys = { key_type: '', public_key: '', private_key: null, ...noPending };

/**
 * Makes the pair a change of `before` asks for, or gives undefined when it asks for none. Call it before the
 * transaction: it takes a second or more. Throws Problem key_type_not_supported or key_pair_not_possible.
 */
export async function preparePair(
  before: ServerKeys & { readonly protocol: string },
  wanted: ServerChange,
): Promise<KeyPair | undefined> {
  const protocol = wanted.protocol?.toUpperCase() ?? before.protocol;
  refuseNonsense(before, wanted, protocol);
  const type = protocol === 'SFTP' ? newTypeOf(before, wanted) : undefined;
  return type && (await makeKeyPair(type));
}

/**
 * The key columns of the profile `id` after a change. A pair goes with the profile to another address: it proves
 * nothing to a stranger, whom it only ever shows the public half and a signature bound to one session (RFC 4252, 7).
 * The first pair is in use at once, as what there was before it, a password, stays in use beside it.
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
  refuseNonsense(before, wanted, protocol);
  // Another protocol has no use for the pairs of before.
  if (typeIn(wanted.keyType) === '' || protocol !== 'SFTP') return noKeys;
  const present = keysIn(before);
  const newest = before.pending_public_key || before.public_key;
  const comment = (wanted.keyComment ?? commentOf(newest)).trim();
  const type = newTypeOf(before, wanted);
  if (type !== undefined) {
    // Somebody else may have changed the type since the pair was made.
    const pair = prepared?.type === type ? prepared : await makeKeyPair(type);
    const text = withComment(pair.publicKey, comment);
    const sealed = seal(secrets, pair.privateKey, `server/${id}/private_key`);
    return before.key_type === ''
      ? { key_type: type, public_key: text, private_key: sealed, ...noPending }
      : { ...present, pending_key_type: type, pending_public_key: text, pending_private_key: sealed };
  }
  const kept = wanted.pendingKeyType === '' ? { ...present, ...noPending } : present;
  if (wanted.keyComment == null || kept.key_type === '') return kept;
  // The comment is for the key that is still to be carried to the server.
  return kept.pending_key_type === ''
    ? { ...kept, public_key: withComment(kept.public_key, comment) }
    : { ...kept, pending_public_key: withComment(kept.pending_public_key, comment) };
}

/** The key columns of a row and nothing else of it. */
function keysIn(row: ServerKeys): ServerKeys {
  return Object.fromEntries(
    Object.keys(noKeys).map((column) => [column, row[column as keyof ServerKeys]]),
  ) as ServerKeys;
}

/** Whether the request was about a pair that is pending now, so that its answer is to show that one. */
export function asksForPending(wanted: ServerChange, after: ServerKeys): boolean {
  if (after.pending_key_type === '') return false;
  return wanted.newKeyPair === true || typeIn(wanted.keyType) === after.pending_key_type;
}

/** Whether a passphrase came, which is not kept: see docs/decisions.md. */
export function hasPassphrase({ keyPassphras, keyPassphrase }: ServerChange): boolean {
  return Boolean(keyPassphras || keyPassphrase);
}

/** Undefined when none is named, empty when none is wanted. */
function typeIn(keyType: string | null | undefined): KeyType | '' | undefined {
  const wanted = keyType?.trim().toLowerCase();
  if (wanted === undefined || wanted === '') return wanted;
  const type = keyTypes.find((name) => name.toLowerCase() === wanted);
  if (type === undefined) throw new Problem('key_type_not_supported', { keyType: keyType ?? '' });
  return type;
}

/**
 * The type of the pair to be made, undefined when there is none to make. A type that is there already, also as
 * pending, is no wish for a new pair: clients send all they know with every change, and repeat what failed.
 */
function newTypeOf(before: ServerKeys, wanted: ServerChange): KeyType | undefined {
  const type = typeIn(wanted.keyType) ?? (before.pending_key_type || before.key_type);
  if (type === '') return undefined;
  const known = type === before.key_type || type === before.pending_key_type;
  return known && wanted.newKeyPair !== true ? undefined : type;
}

function refuseNonsense(before: ServerKeys, wanted: ServerChange, protocol: string): void {
  const { keyPassphras, keyPassphrase, newKeyPair, pendingKeyType } = wanted;
  const type = typeIn(wanted.keyType) ?? before.key_type;
  const detail =
    type === '' && (hasPassphrase(wanted) || wanted.keyComment || newKeyPair)
      ? 'keyPassphrase, keyComment and newKeyPair need a keyType.'
      : wanted.keyType && protocol !== 'SFTP'
        ? `A key pair is for SFTP, not for ${protocol}.`
        : keyPassphras && keyPassphrase && keyPassphras !== keyPassphrase
          ? 'keyPassphras and keyPassphrase are two spellings of one attribute, but differ.'
          : pendingKeyType && pendingKeyType !== before.pending_key_type
            ? 'pendingKeyType can be emptied, which drops the pending key pair, and not be set.'
            : pendingKeyType === '' && newTypeOf(before, wanted) !== undefined
              ? 'An empty pendingKeyType drops the pending key pair, and keyType or newKeyPair makes one.'
              : undefined;
  if (detail) throw new Problem('key_pair_not_possible', { detail });
}

function commentOf(publicKey: string): string {
  return publicKey.split(' ').slice(2).join(' ');
}

function withComment(publicKey: string, comment: string): string {
  return [...publicKey.split(' ').slice(0, 2), ...(comment === '' ? [] : [comment])].join(' ');
}
