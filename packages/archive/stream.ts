/**
 * Reads an archive from the beginning to the end: a ring of slots is filled ahead of the consumer, every
 * segment is checked before it is handed out, and the digest is computed on another thread meanwhile.
 */
import type { BlobFiles } from './blob-files.ts';
import { createHasher } from './hasher.ts';
import type { Piece, Plan } from './plan.ts';

/**
 * Bytes of a chunk: two segments that do not shrink, with their block headers. Large enough that calls cost little, small
 * enough that a ring of them stays in little memory; 2 MiB held one such segment, and the hash waited twice as often.
 */
const chunkSize = 2 * (1024 + 64) * 1024;

/** Slots of the ring, as many as fit into 17 MiB. */
const slotsAtMost = 8;
const ringSize = slotsAtMost * chunkSize;

/** How many chunks the hash may lag behind the consumer; the rest of the ring is read-ahead. */
const hashLag = 3;

export interface StreamDigests {
  /** SHA-256 of the body, hexadecimal. */
  readonly body: string;
  /** SHA-256 of the whole archive, hexadecimal. */
  readonly whole: string;
}

/**
 * Yields the whole archive in order and returns its digests. A chunk is valid until the next one is asked for.
 * Throws Problem blob_damaged naming the file, or the signal's reason.
 */
export async function* streamPlan(
  { pieces, tail }: Plan,
  files: BlobFiles,
  signal?: AbortSignal,
): AsyncGenerator<Buffer, StreamDigests> {
  const slotSize = pieces.reduce((largest, piece) => Math.max(largest, piece.length), chunkSize);
  const chunks = chunked(pieces, slotSize);
  const slots = Math.min(chunks.length, slotsAtMost, Math.max(hashLag + 1, Math.floor(ringSize / slotSize)));
  const hasher = createHasher(slots * slotSize, tail.archiveSize);
  const given = new AbortController();
  const stop = signal ? AbortSignal.any([signal, given.signal]) : given.signal;
  const filled: Promise<void>[] = [];
  const hashed: Promise<void>[] = [];
  const slotOf = (chunk: number, length = slotSize) => {
    const start = (chunk % slots) * slotSize;
    return Buffer.from(hasher.memory.buffer, hasher.memory.byteOffset + start, length);
  };
  const fill = (chunk: number) => {
    if (chunk < chunks.length) filled.push(handled(files.fill(slotOf(chunk), chunks[chunk]!, stop)));
  };
  try {
    for (let chunk = 0; chunk < slots; chunk++) fill(chunk);
    for (const [chunk, content] of chunks.entries()) {
      signal?.throwIfAborted();
      await filled[chunk];
      const length = content.reduce((sum, piece) => sum + piece.length, 0);
      hashed.push(handled(hasher.update((chunk % slots) * slotSize, length)));
      yield slotOf(chunk, length);
      const free = chunk - Math.min(hashLag, slots - 1);
      if (free < 0) continue;
      await hashed[free];
      fill(free + slots);
    }
    const body = await hasher.digest();
    const end = tail.bytes(body);
    hasher.memory.set(end);
    await hasher.update(0, end.length);
    const whole = await hasher.digest();
    yield end;
    return { body, whole };
  } finally {
    given.abort();
    // Reads still under way write into the ring and use open files.
    await Promise.allSettled(filled);
    hasher.close();
  }
}

/** Consecutive pieces of at most `size` bytes together; none is cut, so that each is checked where it is read. */
function chunked(pieces: readonly Piece[], size: number): Piece[][] {
  const chunks: Piece[][] = [];
  let length = size;
  for (const piece of pieces) {
    if (length + piece.length > size) {
      chunks.push([]);
      length = 0;
    }
    chunks.at(-1)!.push(piece);
    length += piece.length;
  }
  return chunks;
}

/** The same promise; its failure is reported where it is awaited, also when that is later. */
function handled(promise: Promise<void>): Promise<void> {
  promise.catch(() => {});
  return promise;
}
