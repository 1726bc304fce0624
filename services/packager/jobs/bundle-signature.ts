/**
 * Whether a driver bundle is what its releaser signed: a detached OpenPGP signature (RFC 9580) against the keys of
 * BUNDLE_KEYRING. The signature is imported before the bundle, under the same base name.
 */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { loadBlobs, readContent } from '@osimage/blob-store';
import { findBundleSignature } from '@osimage/database';
import { Problem, systemCode } from '@osimage/errors';
import {
  createMessage,
  enums,
  type Key,
  type PublicKey,
  readKeys,
  readSignature,
  type Signature,
  type SignaturePacket,
  verify,
} from 'openpgp';
import type { PackagerContext } from '../context.ts';

/** What a signature may be made with (RFC 9580, section 9.5); the others can be forged. */
const hashNames = new Map<number, string>([
  [enums.hash.sha224, 'sha224'],
  [enums.hash.sha256, 'sha256'],
  [enums.hash.sha384, 'sha384'],
  [enums.hash.sha512, 'sha512'],
  [enums.hash.sha3_256, 'sha3-256'],
  [enums.hash.sha3_512, 'sha3-512'],
]);

/** The part of a signature packet that lets the content be hashed as a stream; the library's types leave it out. */
interface StreamedPacket {
  readonly salt: Uint8Array | null;
  hashed: Uint8Array | null;
  toHash(type: number, data: unknown, detached: boolean): Uint8Array | Promise<Uint8Array>;
}

/**
 * Checks the bundle in the file at `path`, which the user knows as `name`, in constant memory. Throws Problem
 * bundle_keyring_missing, bundle_keyring_unusable, bundle_signature_missing, bundle_signature_bad, blob_damaged or the
 * signal's reason.
 */
export async function checkBundle(
  { db, settings, store }: PackagerContext,
  name: string,
  path: string,
  signal: AbortSignal,
): Promise<void> {
  if (settings.BUNDLE_KEYRING === undefined) throw new Problem('bundle_keyring_missing', { name });
  const keys = await readKeyring(settings.BUNDLE_KEYRING);
  const signatureName = name.replace(/\.zip$/i, '.asc');
  const file = await findBundleSignature(db, signatureName);
  if (!file) throw new Problem('bundle_signature_missing', { name, signature: signatureName });
  const blob = (await loadBlobs(db, [file.sha256])).get(file.sha256);
  if (!blob) throw new Problem('blob_damaged', { name: file.name });
  const parts: Buffer[] = [];
  for await (const part of readContent(store.root, blob, file.name, signal)) parts.push(part);
  const bad = (detail: string, cause?: unknown) =>
    new Problem('bundle_signature_bad', { name, signature: file.name, detail }, { cause });
  await checkSignature(Buffer.concat(parts).toString(), keys, path, bad, signal);
}

async function readKeyring(path: string): Promise<Key[]> {
  try {
    const text = await readFile(path, 'utf8');
    // The library reads one armored block at a time.
    const blocks = text.match(/-----BEGIN PGP PUBLIC KEY BLOCK-----.*?-----END PGP PUBLIC KEY BLOCK-----/gs);
    if (!blocks)
      throw new Problem('bundle_keyring_unusable', { path, detail: 'it holds no armored public key' });
    return (await Promise.all(blocks.map((armoredKeys) => readKeys({ armoredKeys })))).flat();
  } catch (cause) {
    if (cause instanceof Problem) throw cause;
    const code = systemCode(cause);
    const detail = code?.startsWith('E') ? `it cannot be read (${code})` : 'a key in it is damaged';
    throw new Problem('bundle_keyring_unusable', { path, detail }, { cause });
  }
}

type Bad = (detail: string, cause?: unknown) => Problem;

async function checkSignature(
  armored: string,
  keys: readonly Key[],
  path: string,
  bad: Bad,
  signal: AbortSignal,
): Promise<void> {
  const signature = await readSignature({ armoredSignature: armored }).catch((cause: unknown) => {
    throw bad('the signature cannot be read', cause);
  });
  const [packet, ...others] = signature.packets as unknown as SignaturePacket[];
  if (!packet || others.length > 0) throw bad('it must hold exactly one signature');
  if (packet.signatureType !== enums.signature.binary) throw bad('it is no signature of a file');
  const hashName = hashNames.get(packet.hashAlgorithm ?? 0);
  if (hashName === undefined) throw bad('it was made with a hash that is too weak');
  const key = await signingKey(signature, keys, bad);
  checkTimes(packet, bad);
  await verifyContent(signature, packet, key, createHash(hashName), path, bad, signal);
}

/** The key that made it; throws unless it is in the keyring and may sign now. */
async function signingKey(signature: Signature, keys: readonly Key[], bad: Bad): Promise<PublicKey> {
  const [keyId] = signature.getSigningKeyIDs();
  const shown = keyId?.toHex().toUpperCase() ?? 'that is not named';
  const key = keys.find((candidate) => keyId && candidate.getKeys(keyId).length > 0);
  if (!key) throw bad(`it was made with the key ${shown}, which is not in the keyring`);
  if (await key.isRevoked()) throw bad(`the key ${shown} was revoked`);
  const expires = await key.getExpirationTime();
  if (expires === null || Number(expires) <= Date.now()) throw bad(`the key ${shown} has expired`);
  await key.getSigningKey(keyId).catch((cause: unknown) => {
    throw bad(`the key ${shown} may not sign, or is too weak to`, cause);
  });
  return key as PublicKey;
}

function checkTimes(packet: SignaturePacket, bad: Bad): void {
  if (packet.created !== null && packet.created.getTime() > Date.now())
    throw bad('it was made in the future');
  if (packet.isExpired()) throw bad('it has expired');
}

/**
 * Hashes the file and has the library check the signature of that hash, as it does for signatures that stand before
 * their content. Given a stream for a detached signature, it would keep all of it in memory (measured).
 */
async function verifyContent(
  signature: Signature,
  packet: SignaturePacket,
  key: PublicKey,
  hash: Hash,
  path: string,
  bad: Bad,
  signal: AbortSignal,
): Promise<void> {
  const message = await createMessage({ binary: new Uint8Array() });
  const [nothing] = message.packets.filterByTag(enums.packet.literalData);
  const streamed = packet as unknown as StreamedPacket;
  const around = await streamed.toHash(enums.signature.binary, nothing, true);
  const before = streamed.salt?.length ?? 0;
  hash.update(around.subarray(0, before));
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024, signal })) {
    signal.throwIfAborted();
    hash.update(chunk as Buffer);
  }
  streamed.hashed = new Uint8Array(hash.update(around.subarray(before)).digest());
  try {
    const { signatures } = await verify({ message, signature, verificationKeys: key, format: 'binary' });
    for (const { verified } of signatures) await verified;
  } catch (cause) {
    throw bad('the content is not what was signed', cause);
  }
}
