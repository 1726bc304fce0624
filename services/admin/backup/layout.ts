/**
 * What a backup is on the disk (docs/backup.md):
 *
 *   manifest.json    written last; says what SHA256SUMS must be
 *   SHA256SUMS       a line for each file below, as sha256sum writes it
 *   contents.json    what is in database/, and what was found damaged in the store
 *   database/x.gz    rows of the table x, as PostgreSQL's COPY writes them
 *   keys/            secret.key, and the gateway's own certificate
 *   store/           as in DATA_DIR
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DumpSequence, DumpTable } from '@osimage/database';
import { Problem, systemCode } from '@osimage/errors';

export const manifestName = 'manifest.json';
export const sumsName = 'SHA256SUMS';
export const contentsName = 'contents.json';
export const secretKeyName = 'keys/secret.key';
export const certificateName = 'keys/gateway-tls.pem';
/** Of this form; another number is another form. */
export const format = 1;

export interface Manifest {
  readonly format: number;
  readonly madeAt: string;
  /** Of the installation it is of. */
  readonly installation: string;
  /** SHA-256 of SHA256SUMS. */
  readonly sums: string;
  /** All files in SHA256SUMS, and their bytes. */
  readonly files: number;
  readonly bytes: number;
}

export interface Contents {
  readonly migrations: readonly string[];
  readonly tables: readonly DumpTable[];
  readonly sequences: readonly DumpSequence[];
  readonly damaged: readonly Damage[];
}

/** A file of the store that was not what it must be when the backup was made. */
export interface Damage {
  readonly path: string;
  readonly damage: string;
  /** There was no file to copy. */
  readonly missing: boolean;
}

export function tablePath(table: string): string {
  return `database/${table}.gz`;
}

export function sha256(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export function sumLine(path: string, digest: string): string {
  return `${digest}  ${path}\n`;
}

/** The digest of each file, by path. Paths are ours: no line breaks, no way out of the folder. */
export function parseSums(text: string): Map<string, string> {
  const sums = new Map<string, string>();
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const match = /^([0-9a-f]{64}) {2}([A-Za-z0-9._|-]+(?:\/[A-Za-z0-9._|-]+)*)$/.exec(line);
    if (!match || match[2]!.split('/').includes('..'))
      throw damaged(sumsName, 'has a line that is none of ours');
    sums.set(match[2]!, match[1]!);
  }
  return sums;
}

/** Throws Problem backup_damaged: the folder has no manifest, so it is no backup or one that never came to its end. */
export async function readManifest(folder: string): Promise<Manifest> {
  const text = await readPiece(
    folder,
    manifestName,
    'is missing: this is no backup, or one that was not finished',
  );
  try {
    const found = JSON.parse(text.toString()) as Manifest;
    if (found.format === format && typeof found.sums === 'string' && typeof found.installation === 'string')
      return found;
  } catch {
    throw damaged(manifestName, 'is not JSON');
  }
  throw damaged(manifestName, 'is not one of a backup that this version can read');
}

/** A whole file of a backup. Throws Problem backup_damaged when it cannot be read. */
export async function readPiece(folder: string, path: string, missing = 'is missing'): Promise<Buffer> {
  try {
    return await readFile(join(folder, path));
  } catch (error) {
    const code = systemCode(error);
    throw damaged(
      path,
      code === 'ENOENT' || code === 'ENOTDIR' ? missing : `cannot be read (${code})`,
      error,
    );
  }
}

export function damaged(file: string, detail: string, cause?: unknown): Problem {
  return new Problem('backup_damaged', { file, detail }, { cause });
}
