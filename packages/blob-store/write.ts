/** Writing a blob's file: packed segments, several at a time, in order. */
import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, unlink } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { Problem, systemCode } from '@osimage/errors';
import { ENCODER, packSegment } from './segment.ts';
import { pieces, type Source } from './source.ts';
import { freeBytes, syncFolder } from './space.ts';
import type { Blob, Segment } from './types.ts';

export interface WriteOptions {
  readonly signal?: AbortSignal;
  /** Bytes of content packed so far. */
  readonly onProgress?: (bytes: number) => void;
}

// One more than there are cores, so that none waits while a finished segment is written.
const packingAtOnce = availableParallelism() + 1;

/** Where a blob's file lies below a store's folder. */
export function blobPath(root: string, blob: Pick<Blob, 'physicalName'>): string {
  return join(root, 'blobs', blob.physicalName.slice(0, 2), blob.physicalName);
}

/**
 * Packs content whose digest is known into a file under a name of its own and syncs it to disk. Memory
 * stays at a few segments. Throws Problem no_space; after any failure the file is gone.
 */
export async function writeBlob(
  root: string,
  source: Source,
  known: { sha256: string; rawSize: number },
  options: WriteOptions = {},
): Promise<Blob> {
  const available = await freeBytes(root);
  // What does not shrink grows by five bytes in 65,535.
  const needed = Math.ceil(known.rawSize * 1.0001);
  if (needed > available) throw new Problem('no_space', { needed, available, where: 'the store' });
  const physicalName = randomUUID().replaceAll('-', '');
  const path = blobPath(root, { physicalName });
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const file = await open(path, 'wx', 0o600);
  try {
    const segments = await packInto(file, source, known.sha256, options);
    await file.sync();
    await file.close();
    await syncFolder(dirname(path));
    const packedSize = segments.reduce((sum, segment) => sum + segment.packedLength, 0);
    return { ...known, physicalName, packedSize, segments, encoder: ENCODER };
  } catch (error) {
    await file.close().catch(() => {});
    await unlink(path).catch(() => {});
    if (systemCode(error) === 'ENOSPC' || systemCode(error) === 'EDQUOT') {
      throw new Problem(
        'no_space',
        { needed, available: await freeBytes(root), where: 'the store' },
        { cause: error },
      );
    }
    throw error;
  }
}

type Packed = Awaited<ReturnType<typeof packSegment>>;

async function packInto(
  file: FileHandle,
  source: Source,
  sha256: string,
  options: WriteOptions,
): Promise<Segment[]> {
  const hash = createHash('sha256');
  const segments: Segment[] = [];
  const packing: Promise<Packed>[] = [];
  let bytes = 0;
  const writeFirst = async () => {
    const { segment, packed } = await packing.shift()!;
    await writeAll(file, packed);
    segments.push(segment);
    bytes += segment.rawLength;
    options.onProgress?.(bytes);
  };
  try {
    for await (const piece of pieces(source, options.signal)) {
      hash.update(piece);
      packing.push(packSegment(piece));
      if (packing.length >= packingAtOnce) await writeFirst();
    }
    while (packing.length > 0) {
      options.signal?.throwIfAborted();
      await writeFirst();
    }
  } finally {
    await Promise.allSettled(packing);
  }
  // The key of a blob is a promise about its content; a file that changed meanwhile would break it.
  if (hash.digest('hex') !== sha256) throw new Error('the content changed while it was read');
  return segments;
}

async function writeAll(file: FileHandle, bytes: Buffer): Promise<void> {
  for (let from = 0; from < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, from, bytes.length - from, null);
    from += bytesWritten;
  }
}
