/**
 * Where the key comes from that encrypts stored passwords: the setting SECRET_KEY, or a file made at the first
 * start. Every process of one installation must end up with the same key, also when two start at once.
 */
import { createHash, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { link, mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Problem, systemCode } from '@osimage/errors';

const KEY_BYTES = 32;

/** The keys of this installation. New secrets use `current`; old ones name the key they need. */
export interface KeyRing {
  readonly current: string;
  readonly keys: ReadonlyMap<string, KeyObject>;
}

/**
 * Gives the key of SECRET_KEY (32 bytes, base64), or the one in DATA_DIR/secret.key, which is made
 * (mode 0600) when it is not there. Throws Problem secret_key_unusable.
 */
export async function loadSecretKey(settings: {
  readonly SECRET_KEY?: string | undefined;
  readonly DATA_DIR: string;
}): Promise<KeyRing> {
  if (settings.SECRET_KEY !== undefined) return ringOf(decode(settings.SECRET_KEY, 'SECRET_KEY'));
  const path = join(settings.DATA_DIR, 'secret.key');
  return ringOf((await readKey(path)) ?? (await makeKey(settings.DATA_DIR, path)));
}

function ringOf(bytes: Buffer): KeyRing {
  const current = keyId(bytes);
  // A KeyObject, not a Buffer: it does not show its bytes when somebody prints it.
  return { current, keys: new Map([[current, createSecretKey(bytes)]]) };
}

/** Short public name of a key. The label keeps it from being a hash that is used for anything else. */
function keyId(bytes: Buffer): string {
  return createHash('sha256').update('osimage secret key id\0').update(bytes).digest('hex').slice(0, 8);
}

function decode(text: string, from: string): Buffer {
  const bytes = Buffer.from(text.trim(), 'base64');
  if (bytes.length !== KEY_BYTES) throw unusable(`${from} must be ${KEY_BYTES} bytes in base64`);
  return bytes;
}

async function readKey(path: string): Promise<Buffer | undefined> {
  let file: Awaited<ReturnType<typeof open>>;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw unusable(`${path} cannot be read (${systemCode(error)})`, error);
  }
  try {
    const { mode } = await file.stat();
    if ((mode & 0o077) !== 0) {
      throw unusable(`${path} may be read by others; run chmod 600 on it, and replace the key if it leaked`);
    }
    return decode(await file.readFile('utf8'), path);
  } finally {
    await file.close();
  }
}

/**
 * Writes a new key beside its place and links it there: a link appears whole or not at all and never replaces
 * a file. The process that comes second therefore finds the key of the first and uses that.
 */
async function makeKey(folder: string, path: string): Promise<Buffer> {
  const temporary = `${path}.${randomBytes(8).toString('hex')}`;
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeDurably(temporary, `${randomBytes(KEY_BYTES).toString('base64')}\n`);
    await link(temporary, path);
    await syncFolder(folder);
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') {
      throw unusable(`DATA_DIR: the secret key cannot be written to ${path} (${systemCode(error)})`, error);
    }
  } finally {
    await rm(temporary, { force: true });
  }
  const key = await readKey(path);
  if (key === undefined) throw unusable(`${path} vanished while it was being read`);
  return key;
}

async function writeDurably(path: string, content: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function unusable(detail: string, cause?: unknown): Problem {
  return new Problem('secret_key_unusable', { detail }, { cause });
}
