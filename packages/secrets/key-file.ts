/**
 * The file that holds the keys: one a line in base64, the current one first, older ones that are still needed
 * after it. It is only ever replaced as a whole, and only its owner may read it.
 */

import { randomBytes } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { chown, link, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Problem, systemCode } from '@osimage/errors';

export const KEY_BYTES = 32;

/** Gives the keys, the current one first; undefined when there is no file. Throws Problem secret_key_unusable. */
export function readKeyFile(path: string): Buffer[] | undefined {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw unusable(`${path} cannot be read (${systemCode(error)})`, error);
  }
  try {
    const { mode } = fstatSync(file);
    if ((mode & 0o077) !== 0) {
      throw unusable(`${path} may be read by others; run chmod 600 on it, and replace the key if it leaked`);
    }
    const lines = readText(file, path).trim().split('\n');
    return lines.map((line) => decodeKey(line, path));
  } finally {
    closeSync(file);
  }
}

function readText(file: number, path: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw unusable(`${path} cannot be read (${systemCode(error)})`, error);
  }
}

/**
 * Writes a new key beside its place and links it there: a link appears whole or not at all and never replaces
 * a file. The process that comes second therefore finds the key of the first and uses that.
 */
export async function makeKeyFile(path: string): Promise<Buffer[]> {
  const temporary = temporaryName(path);
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeDurably(temporary, [randomBytes(KEY_BYTES)]);
    await link(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw notWritten(path, error);
  } finally {
    await rm(temporary, { force: true });
  }
  const keys = readKeyFile(path);
  if (keys === undefined) throw unusable(`${path} vanished while it was being read`);
  return keys;
}

/** Replaces the file by one with these keys; it keeps its owner, who may be another user than the one at work. */
export async function replaceKeyFile(path: string, keys: readonly Buffer[]): Promise<void> {
  const temporary = temporaryName(path);
  try {
    const { uid, gid } = await stat(path);
    await writeDurably(temporary, keys);
    if (process.getuid?.() === 0) await chown(temporary, uid, gid);
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    throw notWritten(path, error);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** One key from text; `from` names where it was found. */
export function decodeKey(text: string, from: string): Buffer {
  const bytes = Buffer.from(text.trim(), 'base64');
  if (bytes.length !== KEY_BYTES) throw unusable(`${from} must be ${KEY_BYTES} bytes in base64`);
  return bytes;
}

export function temporaryName(path: string): string {
  return `${path}.${randomBytes(8).toString('hex')}`;
}

export async function writeDurably(path: string, keys: readonly Buffer[]): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(keys.map((key) => `${key.toString('base64')}\n`).join(''));
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

function notWritten(path: string, error: unknown): Problem {
  return unusable(`DATA_DIR: the secret key cannot be written to ${path} (${systemCode(error)})`, error);
}

export function unusable(detail: string, cause?: unknown): Problem {
  return new Problem('secret_key_unusable', { detail }, { cause });
}
