/** A certificate with its private key, from PEM files: checked before anything relies on it. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { Problem, systemCode } from '@osimage/errors';

export interface Certificate {
  /** PEM: the certificate itself, then those it was signed by. */
  readonly cert: string;
  /** PEM; never to be logged. */
  readonly key: string;
  /** SHA-256, hexadecimal pairs with colons between, as browsers and openssl show it. */
  readonly fingerprint: string;
  readonly expires: Date;
}

/** Time to tell somebody: certificates of 90 days are usually renewed a month before. */
const soonMs = 14 * 86_400_000;

/** Whether a certificate should have been replaced by now. */
export function expiresSoon(certificate: Pick<Certificate, 'expires'>, now = Date.now()): boolean {
  return certificate.expires.getTime() - now < soonMs;
}

/** A setting and the file it names. */
export interface NamedFile {
  readonly setting: string;
  readonly path: string;
}

/**
 * Reads a certificate and its key. Throws Problem certificate_unusable with one clear sentence: a file that cannot
 * be read or is not PEM, a key that others may read, one of another certificate, a certificate that is not
 * valid today.
 */
export async function readCertificate(cert: NamedFile, key: NamedFile): Promise<Certificate> {
  const certText = (await readPem(cert)).text;
  const { text: keyText, mode } = await readPem(key);
  // The group may read it: Debian gives keys to the group ssl-cert. Nobody else, and nobody may change it.
  if ((mode & 0o027) !== 0)
    throw unusable(`${where(key)} may be read by everybody or changed by others; run chmod 600 on it`);
  return checkCertificate(certText, keyText, { cert: where(cert), key: where(key) });
}

/** Checks texts that were read from the places `names` tells; throws as readCertificate does. */
export function checkCertificate(
  cert: string,
  key: string,
  names: { readonly cert: string; readonly key: string },
  now = new Date(),
): Certificate {
  const parsed = parseCertificate(cert, names.cert);
  const privateKey = parseKey(key, names.key);
  if (!parsed.checkPrivateKey(privateKey))
    throw unusable(`${names.key} does not hold the key of the certificate in ${names.cert}`);
  if (parsed.validFromDate > now)
    throw unusable(`${names.cert} is not valid before ${parsed.validFromDate.toISOString()}`);
  if (parsed.validToDate <= now)
    throw unusable(`${names.cert} expired on ${parsed.validToDate.toISOString()}`);
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    throw unusable(`${names.cert} cannot be used (${(error as Error).message})`, error);
  }
  return { cert, key, fingerprint: parsed.fingerprint256, expires: parsed.validToDate };
}

/** Reads the certificates of authorities, PEM, one or more. Throws Problem certificate_unusable. */
export async function readAuthorities(file: NamedFile): Promise<string> {
  const { text } = await readPem(file);
  const found = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (found.length === 0) throw unusable(`${where(file)} holds no certificate in PEM form`);
  for (const one of found) parseCertificate(one, where(file));
  return text;
}

function parseCertificate(text: string, name: string): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch (error) {
    throw unusable(`${name} holds no certificate in PEM form`, error);
  }
}

function parseKey(text: string, name: string): KeyObject {
  try {
    return createPrivateKey(text);
  } catch (error) {
    if (systemCode(error) === 'ERR_MISSING_PASSPHRASE' || text.includes('ENCRYPTED'))
      throw unusable(`${name} is encrypted with a passphrase; give a key without one`, error);
    throw unusable(`${name} holds no private key in PEM form`, error);
  }
}

async function readPem(named: NamedFile): Promise<{ text: string; mode: number }> {
  let file: FileHandle | undefined;
  try {
    file = await open(named.path, 'r');
    const { mode } = await file.stat();
    return { text: await file.readFile('utf8'), mode };
  } catch (error) {
    throw unusable(`${where(named)} cannot be read (${systemCode(error)})`, error);
  } finally {
    await file?.close();
  }
}

function where({ setting, path }: NamedFile): string {
  return `${setting}: ${path}`;
}

function unusable(detail: string, cause?: unknown): Problem {
  return new Problem('certificate_unusable', { detail }, { cause });
}
