/**
 * A certificate of our own making, for a gateway that listens beyond this machine and was given none. It lies in
 * DATA_DIR, one file with certificate and key, so that the two cannot be taken from different makings.
 */
import 'reflect-metadata';
import { KeyObject, randomBytes, webcrypto } from 'node:crypto';
import { type FileHandle, link, mkdir, open, rename, rm } from 'node:fs/promises';
import { isIP } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { Problem, systemCode } from '@osimage/errors';
import { type Certificate, checkCertificate } from '@osimage/secrets';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';

const dayMs = 86_400_000;
/** The longest that all browsers accept of a certificate that people trusted by hand. */
const validDays = 825;
const renewDaysBefore = 30;
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** Where it lies. */
export function selfSignedPath(dataDir: string): string {
  return join(dataDir, 'gateway-tls.pem');
}

/**
 * Gives the certificate of this installation. It is made when there is none, when it expires within 30 days, and
 * when the file holds something else; gateways that start at once end up with the same. Throws Problem
 * certificate_unusable when others may read the file, or it cannot be read or written.
 */
export async function selfSigned(dataDir: string, host: string, now = new Date()): Promise<Certificate> {
  const path = selfSignedPath(dataDir);
  const found = await read(path, now);
  if (found !== undefined && found !== 'replace') return found;
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    await write(
      path,
      await make(namesOf(host), now),
      found === 'replace' ? () => read(path, now) : undefined,
    );
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw unusable(`DATA_DIR: no certificate can be written to ${path} (${systemCode(error)})`, error);
  }
  // What lies there now, which may be another gateway's.
  const made = await read(path, now);
  if (made === undefined || made === 'replace') throw unusable(`${path} vanished while it was being read`);
  return made;
}

async function read(path: string, now: Date): Promise<Certificate | 'replace' | undefined> {
  let file: FileHandle | undefined;
  let text: string;
  try {
    file = await open(path, 'r');
    const { mode } = await file.stat();
    if ((mode & 0o077) !== 0)
      throw unusable(`${path} may be read by others; remove it, and a new certificate is made`);
    text = await file.readFile('utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error instanceof Problem ? error : unusable(`${path} cannot be read (${systemCode(error)})`, error);
  } finally {
    await file?.close();
  }
  const [cert = '', key = ''] = text.match(/-----BEGIN [^-]+-----[^-]+-----END [^-]+-----\n/g) ?? [];
  try {
    const certificate = checkCertificate(cert, key, { cert: path, key: path }, now);
    const left = certificate.expires.getTime() - now.getTime();
    return left < renewDaysBefore * dayMs ? 'replace' : certificate;
  } catch {
    return 'replace';
  }
}

/**
 * Puts the new file in its place, whole or not at all: the first one by a link, which never replaces what another
 * gateway put there; instead of a bad one by renaming, unless `again` says that another gateway did so already.
 */
async function write(
  path: string,
  content: string,
  again?: () => Promise<Certificate | 'replace' | undefined>,
): Promise<void> {
  const temporary = `${path}.${randomBytes(8).toString('hex')}`;
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
    if (again === undefined) await link(temporary, path);
    else if ((await again()) === 'replace') await rename(temporary, path);
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
  } finally {
    await file.close();
    await rm(temporary, { force: true });
  }
}

/** PEM: the certificate, then its key. */
async function make(names: readonly string[], now: Date): Promise<string> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: [{ CN: ['osimage-export'] }],
    // Clocks differ.
    notBefore: new Date(now.getTime() - dayMs),
    notAfter: new Date(now.getTime() + (validDays - 1) * dayMs),
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value }) as const),
      ),
    ],
  });
  const key = KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' });
  return `${certificate.toString('pem')}\n${key}`;
}

/** What clients may call it: this machine's name, localhost, and the addresses it listens on. */
function namesOf(host: string): string[] {
  const everywhere = ['0.0.0.0', '::'].includes(host);
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  // A link-local address means something only together with its interface.
  const own = addresses.map(({ address }) => address).filter((address) => !address.startsWith('fe80:'));
  return [...new Set([hostname(), 'localhost', '127.0.0.1', '::1', ...(everywhere ? own : [host])])];
}

function unusable(detail: string, cause?: unknown): Problem {
  return new Problem('certificate_unusable', { detail }, { cause });
}
