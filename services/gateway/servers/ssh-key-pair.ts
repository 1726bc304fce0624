/** Makes SSH key pairs: the public half in OpenSSH's form (RFC 4253, 6.6, and RFC 5656, 3.1), the private one as PEM. */
import { generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

/** The types of the contract, section 8.1. */
export const keyTypes = ['RSA-2048', 'RSA-4096', 'ECDSA-521-secp521r1'] as const;
export type KeyType = (typeof keyTypes)[number];

export interface KeyPair {
  readonly type: KeyType;
  /** "type base64", without a comment. */
  readonly publicKey: string;
  /** PEM, PKCS #1 or SEC 1: the forms SSH programs read. */
  readonly privateKey: string;
}

const generate = promisify(generateKeyPair);
let last: Promise<unknown> = Promise.resolve();

/** Makes a pair on the thread pool; an RSA-4096 takes a second or more, so there is one at a time. */
export function makeKeyPair(type: KeyType): Promise<KeyPair> {
  const pair = last.then(() => make(type));
  last = pair.catch(() => undefined);
  return pair;
}

async function make(type: KeyType): Promise<KeyPair> {
  if (type === 'ECDSA-521-secp521r1') {
    const { publicKey, privateKey } = await generate('ec', { namedCurve: 'P-521' });
    return { type, publicKey: ecdsaText(publicKey), privateKey: pem(privateKey, 'sec1') };
  }
  const modulusLength = type === 'RSA-4096' ? 4_096 : 2_048;
  const { publicKey, privateKey } = await generate('rsa', { modulusLength, publicExponent: 65_537 });
  return { type, publicKey: rsaText(publicKey), privateKey: pem(privateKey, 'pkcs1') };
}

function rsaText(key: KeyObject): string {
  const { e = '', n = '' } = key.export({ format: 'jwk' });
  return text('ssh-rsa', [mpint(Buffer.from(e, 'base64url')), mpint(Buffer.from(n, 'base64url'))]);
}

function ecdsaText(key: KeyObject): string {
  const { x = '', y = '' } = key.export({ format: 'jwk' });
  // 4: an uncompressed point (SEC 1, 2.3.3).
  const point = Buffer.concat([Buffer.from([4]), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
  return text('ecdsa-sha2-nistp521', [Buffer.from('nistp521'), point]);
}

function text(algorithm: string, parts: readonly Buffer[]): string {
  return `${algorithm} ${Buffer.concat([Buffer.from(algorithm), ...parts].map(string)).toString('base64')}`;
}

/** A string of RFC 4251, 5: its length, then its bytes. */
function string(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** The bytes of an mpint of RFC 4251, 5: a positive number must not look like a negative one. */
function mpint(bytes: Buffer): Buffer {
  return (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes;
}

function pem(key: KeyObject, type: 'pkcs1' | 'sec1'): string {
  return key.export({ type, format: 'pem' }).toString();
}
