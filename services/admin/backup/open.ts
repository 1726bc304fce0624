/** A backup that is there: read and checked. */
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { systemCode } from '@osimage/errors';
import { type Copied, copyFile } from './copy-file.ts';
import {
  type Contents,
  contentsName,
  damaged,
  type Manifest,
  manifestName,
  parseSums,
  readManifest,
  readPiece,
  sha256,
  sumsName,
  tablePath,
} from './layout.ts';

export interface Backup {
  readonly folder: string;
  readonly manifest: Manifest;
  readonly contents: Contents;
  /** The digest of each file, by path. */
  readonly sums: ReadonlyMap<string, string>;
}

/** Opens a backup; of its files only the lists are read. Throws Problem backup_damaged. */
export async function openBackup(folder: string): Promise<Backup> {
  const manifest = await readManifest(folder);
  const text = await readPiece(folder, sumsName);
  if (sha256(text) !== manifest.sums) throw damaged(sumsName, `is not the one of ${manifestName}`);
  const sums = parseSums(text.toString());
  const contents = await readPiece(folder, contentsName);
  if (sha256(contents) !== sums.get(contentsName)) throw damaged(contentsName, 'has changed');
  return { folder, manifest, sums, contents: JSON.parse(contents.toString()) as Contents };
}

/**
 * Reads a file of the backup to its end, with `to` into a new file there. Throws Problem backup_damaged when it is not
 * what it was; what `to` has got by then is the caller's to remove.
 */
export async function takePiece(
  { folder, sums }: Backup,
  path: string,
  signal: AbortSignal,
  to?: string,
): Promise<Copied> {
  let copied: Copied;
  try {
    copied = await copyFile(join(folder, path), to, { signal });
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' && (error as NodeJS.ErrnoException).path === join(folder, path))
      throw damaged(path, 'is missing', error);
    if (code === 'EIO') throw damaged(path, 'cannot be read by the disk', error);
    throw error;
  }
  if (copied.sha256 !== sums.get(path)) throw damaged(path, 'has changed');
  return copied;
}

/** Its files below `folder`, such as store. */
export function piecesOf({ sums }: Backup, folder: string): string[] {
  return [...sums.keys()].filter((path) => path.startsWith(`${folder}/`));
}

/** The rows of a table. The file has been checked before. */
export function tableRows(backup: Backup, table: string): AsyncIterable<Buffer> {
  const packed = createReadStream(join(backup.folder, tablePath(table)));
  const rows = createGunzip();
  packed.on('error', (error) => rows.destroy(error)).pipe(rows);
  return rows;
}
