/**
 * Encrypts one stored secret: AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce. A sealed secret is
 * text, `v1.<key id>.<nonce>.<ciphertext and tag>`, the last two in base64url, and opens only in the place it
 * was sealed for: copying the column of one server into the row of another gives nothing.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { Problem } from '@osimage/errors';
import type { KeyRing } from './key.ts';

const ALGORITHM = 'aes-256-gcm';
const VERSION = 'v1';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Encrypts `plaintext` for one place, for example `server/101/password`, with the key that is current now. What it
 * gives is stored in a transaction that called holdSecretKey before: so no key is dropped in between.
 */
export function seal(ring: KeyRing, plaintext: string, context: string): string {
  ring.reload?.();
  const key = ring.keys.get(ring.current);
  if (key === undefined) throw unreadable(context);
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(additionalData(ring.current, context));
  const sealed = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return [VERSION, ring.current, nonce.toString('base64url'), sealed.toString('base64url')].join('.');
}

/**
 * Gives back what was sealed for `context`. Throws Problem secret_unreadable when the key is not in the ring,
 * the text was changed, or it was sealed for another place.
 */
export function open(ring: KeyRing, sealed: string, context: string): string {
  const [version, keyId, nonceText, bodyText, ...rest] = sealed.split('.');
  const key = keyId === undefined ? undefined : findKey(ring, keyId);
  if (version !== VERSION || keyId === undefined || key === undefined || rest.length > 0)
    throw unreadable(context);
  const nonce = Buffer.from(nonceText ?? '', 'base64url');
  const body = Buffer.from(bodyText ?? '', 'base64url');
  if (nonce.length !== NONCE_BYTES || body.length < TAG_BYTES) throw unreadable(context);
  try {
    const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(additionalData(keyId, context));
    decipher.setAuthTag(body.subarray(-TAG_BYTES));
    return Buffer.concat([decipher.update(body.subarray(0, -TAG_BYTES)), decipher.final()]).toString('utf8');
  } catch (error) {
    throw unreadable(context, error);
  }
}

/** The id of the key that opens a sealed text; undefined when it is none. */
export function keyIdOf(sealed: string): string | undefined {
  return /^v1\.([0-9a-f]{8})\./.exec(sealed)?.[1];
}

/** A key that is not known may have been made by a rotation meanwhile. */
function findKey(ring: KeyRing, keyId: string) {
  if (!ring.keys.has(keyId)) ring.reload?.();
  return ring.keys.get(keyId);
}

function additionalData(keyId: string, context: string): Buffer {
  return Buffer.from(`osimage ${VERSION}\0${keyId}\0${context}`);
}

/** A context is `<kind>/<id>/<what>`; the message names the id. */
function unreadable(context: string, cause?: unknown): Problem {
  return new Problem('secret_unreadable', { id: context.split('/')[1] ?? context }, { cause });
}
