/** Content on its way in: a file, or bytes, read in pieces of a segment. */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { segmentBytes } from './segment.ts';

/** A path, or the content itself. */
export type Source = string | Buffer;

/** Content that can be read once, in pieces of any length that stay as they are. */
export type ContentStream = AsyncIterable<Uint8Array>;

/**
 * Gives the content in pieces of segmentBytes. Those of a file or a stream lie in buffers taken from `spare`, or
 * new ones; put a buffer there when its piece is not needed any more.
 */
export async function* pieces(
  source: Source | ContentStream,
  spare: Buffer[] = [],
  signal?: AbortSignal,
): AsyncGenerator<Buffer> {
  if (Buffer.isBuffer(source)) {
    for (let from = 0; from < source.length; from += segmentBytes)
      yield source.subarray(from, from + segmentBytes);
    return;
  }
  if (typeof source !== 'string') {
    yield* gather(source, spare, signal);
    return;
  }
  const file = await open(source, 'r');
  try {
    for (;;) {
      signal?.throwIfAborted();
      const piece = await readPiece(file, spare.pop() ?? Buffer.allocUnsafeSlow(segmentBytes));
      if (piece.length === 0) return;
      yield piece;
      if (piece.length < segmentBytes) return;
    }
  } finally {
    await file.close();
  }
}

async function* gather(
  stream: ContentStream,
  spare: Buffer[],
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer> {
  let piece = spare.pop() ?? Buffer.allocUnsafeSlow(segmentBytes);
  let filled = 0;
  for await (const bytes of stream) {
    signal?.throwIfAborted();
    for (let taken = 0; taken < bytes.length; ) {
      const take = Math.min(bytes.length - taken, segmentBytes - filled);
      piece.set(bytes.subarray(taken, taken + take), filled);
      taken += take;
      filled += take;
      if (filled < segmentBytes) continue;
      yield piece;
      piece = spare.pop() ?? Buffer.allocUnsafeSlow(segmentBytes);
      filled = 0;
    }
  }
  if (filled > 0) yield piece.subarray(0, filled);
}

/** One whole piece, also where the system reads less at a time. */
async function readPiece(file: FileHandle, piece: Buffer): Promise<Buffer> {
  let length = 0;
  while (length < segmentBytes) {
    const { bytesRead } = await file.read(piece, length, segmentBytes - length, null);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return piece.subarray(0, length);
}

/** Lower-case hexadecimal SHA-256 of the content, and its length in bytes. */
export async function digest(
  source: Source,
  signal?: AbortSignal,
): Promise<{ sha256: string; rawSize: number }> {
  const hash = createHash('sha256');
  let rawSize = 0;
  const spare: Buffer[] = [];
  for await (const piece of pieces(source, spare, signal)) {
    hash.update(piece);
    rawSize += piece.length;
    if (piece.length === segmentBytes) spare.push(piece);
  }
  return { sha256: hash.digest('hex'), rawSize };
}
