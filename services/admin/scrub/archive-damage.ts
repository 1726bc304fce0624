/** Whether an archive's file is still what was written. */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { CheckedFile, encodeChunks } from '@osimage/archive';
import { type ArchiveRow, type Database, findChunks, saveChunks } from '@osimage/database';
import { Problem, systemCode } from '@osimage/errors';

export interface ArchiveCheck {
  /** Compares the SHA-256 too; done anyway where no checksums of the chunks were kept. */
  readonly deep: boolean;
  readonly onRead: (bytes: number) => Promise<void>;
}

/**
 * Gives what is wrong, `its file is missing`, or undefined when nothing is. An archive of which no checksums were kept,
 * and whose SHA-256 is right, has them from then on.
 */
export async function findArchiveDamage(
  db: Database,
  root: string,
  archive: ArchiveRow,
  { deep, onRead }: ArchiveCheck,
): Promise<string | undefined> {
  let file: FileHandle | undefined;
  try {
    file = await open(join(root, archive.physical_path));
    const { size } = await file.stat();
    if (size !== archive.size) return `its file has ${size} bytes instead of ${archive.size}`;
    const chunks = await findChunks(db, archive.id);
    const hash = deep || chunks === null ? createHash('sha256') : undefined;
    const checked = new CheckedFile(file, { size, chunks });
    const seen: { length: number; crc: number }[] = [];
    for (let bytes = await checked.read(); bytes; bytes = await checked.read()) {
      hash?.update(bytes);
      if (chunks === null) seen.push({ length: bytes.length, crc: crc32(bytes) });
      await onRead(bytes.length);
    }
    if (hash && hash.digest('hex') !== archive.sha256) return 'its SHA-256 is another one';
    if (chunks === null) await saveChunks(db, archive.id, encodeChunks(seen));
    return undefined;
  } catch (error) {
    if (error instanceof Problem && error.code === 'archive_damaged') return String(error.params.detail);
    if (systemCode(error) === 'ENOENT') return 'its file is missing';
    throw error;
  } finally {
    await file?.close();
  }
}
