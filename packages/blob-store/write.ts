/** Writing a blob's file: packed segments, several at a time, in order. */
import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, unlink } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { Problem, systemCode } from '@osimage/errors';
import { ENCODER, free, packSegment, segmentBytes } from './segment.ts';
import { type ContentStream, pieces, type Source } from './source.ts';
import { freeBytes, noSpace, packedAtMost, syncFolder } from './space.ts';
import type { Blob, Segment } from './types.ts';

export interface WriteOptions {
  readonly signal?: AbortSignal;
  /** Told the bytes of content packed so far; what it gives is waited for. */
  readonly onProgress?: (bytes: number) => unknown;
  /** Asked once, before the first byte of a new blob is written, for as many bytes as it may take; throws to refuse. */
  readonly room?: (bytes: number) => Promise<void>;
}

// One more than there are cores, so that none waits while a finished segment is written; no more than keeps
// memory small (two MiB each), and Node's thread pool has four threads unless UV_THREADPOOL_SIZE says otherwise.
const packingAtOnce = Math.min(availableParallelism() + 1, 6);

/** Where a blob's file lies below a store's folder. */
export function blobPath(root: string, blob: Pick<Blob, 'physicalName'>): string {
  return join(root, 'blobs', blob.physicalName.slice(0, 2), blob.physicalName);
}

/**
 * Packs content whose digest is known into a file under a name of its own and syncs it to disk. Memory
 * stays at a few segments. Throws Problem no_space or store_unwritable, or the signal's reason; after any
 * failure the file is gone.
 */
export async function writeBlob(
  root: string,
  source: Source | ContentStream,
  known: { sha256: string; rawSize: number },
  options: WriteOptions = {},
): Promise<Blob> {
  const available = await freeBytes(root);
  const needed = packedAtMost(known.rawSize);
  if (needed > available) throw noSpace(needed, available);
  const physicalName = randomUUID().replaceAll('-', '');
  const path = blobPath(root, { physicalName });
  let file: FileHandle | undefined;
  let diskError: unknown;
  // Tells what the store's disk refuses from what goes wrong with the source.
  const onDisk = async <Result>(work: Promise<Result>): Promise<Result> => {
    try {
      return await work;
    } catch (error) {
      diskError = error;
      throw error;
    }
  };
  try {
    const created = await onDisk(create(path));
    file = created;
    const write = (packed: Buffer) => onDisk(writeAll(created, packed));
    const segments = await packInto(write, source, known.sha256, options);
    await onDisk(created.sync());
    await onDisk(created.close());
    await onDisk(syncFolder(dirname(path)));
    const packedSize = segments.reduce((sum, segment) => sum + segment.packedLength, 0);
    return { ...known, physicalName, packedSize, segments, encoder: ENCODER };
  } catch (error) {
    await file?.close().catch(() => {});
    await unlink(path).catch(() => {});
    throw error === diskError ? await diskProblem(root, needed, error) : error;
  }
}

/** A new empty file, whose folder will still be there after a power cut. */
async function create(path: string): Promise<FileHandle> {
  const made = await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  if (made !== undefined) await syncFolder(dirname(made));
  return await open(path, 'wx', 0o600);
}

/** What the system refused, as something a person can act on. */
async function diskProblem(root: string, needed: number, cause: unknown): Promise<Problem> {
  const code = systemCode(cause);
  if (code !== 'ENOSPC' && code !== 'EDQUOT')
    return new Problem('store_unwritable', { detail: code ?? 'unknown' }, { cause });
  return noSpace(needed, await freeBytes(root), cause);
}

type Packed = Awaited<ReturnType<typeof packSegment>>;

async function packInto(
  write: (packed: Buffer) => Promise<void>,
  source: Source | ContentStream,
  sha256: string,
  options: WriteOptions,
): Promise<Segment[]> {
  const hash = createHash('sha256');
  const segments: Segment[] = [];
  const packing: { raw: Buffer; packed: Promise<Packed> }[] = [];
  const spare: Buffer[] = [];
  let bytes = 0;
  const writeFirst = async () => {
    const first = packing.shift()!;
    const { segment, packed } = await first.packed;
    if (first.raw.length === segmentBytes && !Buffer.isBuffer(source)) spare.push(first.raw);
    await write(packed);
    free(packed);
    segments.push(segment);
    bytes += segment.rawLength;
    await options.onProgress?.(bytes);
  };
  try {
    for await (const raw of pieces(source, spare, options.signal)) {
      hash.update(raw);
      const packed = packSegment(raw);
      // It is looked at in its turn; one that fails before must not end the process.
      packed.catch(() => {});
      packing.push({ raw, packed });
      if (packing.length >= packingAtOnce) await writeFirst();
    }
    while (packing.length > 0) {
      options.signal?.throwIfAborted();
      await writeFirst();
    }
  } finally {
    await Promise.allSettled(packing.map((entry) => entry.packed));
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
