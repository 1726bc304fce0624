/** Content on its way in: a file, or bytes, read in pieces of a segment. */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { segmentBytes } from './segment.ts';

/** A path, or the content itself. */
export type Source = string | Buffer;

/**
 * Gives the content in pieces of segmentBytes. Those of a file lie in buffers taken from `spare`, or new ones;
 * put a buffer there when its piece is not needed any more.
 */
export async function* pieces(
  source: Source,
  spare: Buffer[] = [],
  signal?: AbortSignal,
): AsyncGenerator<Buffer> {
  if (typeof source !== 'string') {
    for (let from = 0; from < source.length; from += segmentBytes)
      yield source.subarray(from, from + segmentBytes);
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
