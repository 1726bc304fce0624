/** The local export: an archive written to a file once, hashed on the way, on the disk before this returns. */
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { freeBytes, noSpace, syncFolder } from '@osimage/blob-store';
import { systemCode } from '@osimage/errors';
import { BackgroundSync } from './background-sync.ts';
import type { Archive } from './types.ts';

export interface WriteOptions {
  readonly signal?: AbortSignal;
  /** Told the bytes written so far, now and then. */
  readonly onProgress?: (bytes: number) => void;
  /** Whether file and folder are synced before this returns; true unless told otherwise. */
  readonly sync?: boolean;
}

export interface WrittenArchive {
  /** Bytes. */
  readonly size: number;
  /** Lower-case hexadecimal SHA-256 of the whole file. */
  readonly sha256: string;
  /** Checksums of its chunks, for CheckedFile. */
  readonly chunks: Buffer;
}

/**
 * Writes an archive to `path`, which must not exist, in a folder that must. Throws Problem no_space before the
 * first byte when it cannot fit and later when the disk fills up, blob_damaged naming the file, or the
 * signal's reason; then no file is left.
 */
export async function writeArchive(
  archive: Archive,
  path: string,
  { signal, onProgress, sync = true }: WriteOptions = {},
): Promise<WrittenArchive> {
  signal?.throwIfAborted();
  const folder = dirname(path);
  const available = await freeBytes(folder);
  if (archive.size > available) throw noSpace(archive.size, available);
  const file = await open(path, 'wx', 0o600);
  const background = new BackgroundSync(file, sync);
  try {
    try {
      await copy(archive, file, background, onProgress, signal);
    } finally {
      await background.settled();
    }
    background.check();
    signal?.throwIfAborted();
    if (sync) await file.sync();
    await file.close();
    if (sync) await syncFolder(folder);
    signal?.throwIfAborted();
    return { size: archive.size, sha256: archive.sha256 ?? '', chunks: archive.chunks ?? Buffer.alloc(0) };
  } catch (error) {
    await file.close().catch(() => {});
    await unlink(path).catch(() => {});
    const full = ['ENOSPC', 'EDQUOT'].includes(systemCode(error) ?? '');
    throw full ? noSpace(archive.size, await freeBytes(folder), error) : error;
  }
}

async function copy(
  archive: Archive,
  file: FileHandle,
  background: BackgroundSync,
  onProgress: WriteOptions['onProgress'],
  signal: AbortSignal | undefined,
): Promise<void> {
  let written = 0;
  for await (const chunk of archive.stream(signal)) {
    for (let at = 0; at < chunk.length; ) {
      const { bytesWritten } = await file.write(chunk, at, chunk.length - at, written);
      at += bytesWritten;
      written += bytesWritten;
    }
    background.wrote(chunk.length);
    onProgress?.(written);
  }
}
