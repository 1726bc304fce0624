/**
 * The chunks of a finished archive and the CRC-32 each must have: known from the plan without reading a byte
 * again, kept with the archive's row, and asked before anybody gets a byte of the file.
 */
import { crc32 } from 'node:zlib';
import { combineCrc32 } from './crc32-combine.ts';
import type { Piece } from './plan.ts';

export interface Chunk {
  /** Where it begins in the file. */
  readonly offset: number;
  /** Bytes. */
  readonly length: number;
  /** CRC-32 its bytes must have; undefined where nobody wrote it down. */
  readonly crc: number | undefined;
}

/** A segment that does not shrink, with room for its block headers; two such do not go into one chunk. */
const chunkMost = 1024 * 1024 + 64 * 1024;
const entryBytes = 8;

/** The index of a planned archive. Takes the pieces of its body and the bytes of its tail. */
export function planChunks(pieces: readonly Piece[], tail: Buffer): Buffer {
  const chunks: { length: number; crc: number }[] = [];
  for (const piece of pieces) {
    let last = chunks.at(-1);
    if (!last || last.length + piece.length > chunkMost) {
      last = { length: 0, crc: 0 };
      chunks.push(last);
    }
    last.crc =
      piece.kind === 'inline'
        ? crc32(piece.bytes, last.crc)
        : combineCrc32(last.crc, piece.crc, piece.length);
    last.length += piece.length;
  }
  chunks.push({ length: tail.length, crc: crc32(tail) });
  return encodeChunks(chunks);
}

/** The index as it is kept: 8 bytes a chunk. Takes all chunks of the file, in order. */
export function encodeChunks(chunks: readonly { length: number; crc: number }[]): Buffer {
  const index = Buffer.allocUnsafe(chunks.length * entryBytes);
  for (const [number, { length, crc }] of chunks.entries()) {
    index.writeUInt32LE(length, number * entryBytes);
    index.writeUInt32LE(crc, number * entryBytes + 4);
  }
  return index;
}

/**
 * The chunks of a file of `size` bytes that hold any of the bytes from `start` up to `end`. Without an index, pieces
 * of 1 MiB nobody can check. Undefined when the index is not one of such a file.
 */
export function chunksOf(
  size: number,
  index: Buffer | null,
  start: number,
  end: number,
): Chunk[] | undefined {
  const chunks: Chunk[] = [];
  if (index === null) {
    for (let offset = start; offset < end; offset += 1024 * 1024)
      chunks.push({ offset, length: Math.min(1024 * 1024, end - offset), crc: undefined });
    return chunks;
  }
  let offset = 0;
  for (let at = 0; at + entryBytes <= index.length; at += entryBytes) {
    const length = index.readUInt32LE(at);
    if (length > 0 && offset < end && offset + length > start)
      chunks.push({ offset, length, crc: index.readUInt32LE(at + 4) });
    offset += length;
  }
  return offset === size ? chunks : undefined;
}
