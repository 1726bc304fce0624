/**
 * Packing one segment: raw deflate that ends on a byte boundary and is not final (RFC 1951), so that
 * segments can be laid end to end in any archive.
 */
import { promisify } from 'node:util';
import { constants, crc32, deflateRaw } from 'node:zlib';
import type { Segment } from './types.ts';

const deflate = promisify(deflateRaw);

/** Bytes of content in a segment; the last one of a file is shorter. */
export const segmentBytes = 1024 * 1024;

/**
 * Which encoder packed a blob. Count it up whenever equal content would give other bytes: another level,
 * segment size or sampling rule below, or a Node whose bundled zlib packs differently (a test pins the bytes).
 */
export const ENCODER = 1;

// Measured on 220 MB of programs and libraries with 170 MB of .deb files, 2 cores, processor time of the whole
// import (reading, hashing twice, packing, writing) and size against `gzip -6`:
//   pigz -6    14.2 s  1.000      level 5     6.9 s  1.006
//   level 4     5.6 s  1.016      level 6     8.5 s  1.003
// Wanted: twice as fast as `pigz -6`, at most 1.03 of the size. Level 5 is just twice, so 4 has room to spare.
const level = 4;
// A stored block holds at most this much (RFC 1951, 3.2.4).
const storedBlockMost = 65_535;
// More than a segment can grow to, so that zlib needs one buffer and one trip to the thread pool.
const outputBytes = segmentBytes + storedBlockMost;

// What does not shrink is told from a sample, because trying it whole costs most of an import's time:
// sampleParts pieces of samplePieceBytes, spread over the segment. A rule about content only: the same
// content is packed the same way whatever it is called and whenever it comes.
const sampleParts = 8;
const samplePieceBytes = 4096;
const sampleShrinksTo = 0.97;

/** Packs a piece of content, at most segmentBytes long. Give `packed` to `free` when it is written. */
export async function packSegment(raw: Buffer): Promise<{ segment: Segment; packed: Buffer }> {
  const packed = (await looksDense(raw)) ? store(raw) : await squeeze(raw);
  return {
    segment: {
      rawLength: raw.length,
      packedLength: packed.length,
      rawCrc: crc32(raw),
      packedCrc: crc32(packed),
    },
    packed,
  };
}

/**
 * Gives the memory of a packed segment back at once. Left to the garbage collector, such buffers pile up to
 * about 75 MB before it looks at them; an import of 390 MB held 71 to 99 MB above idle, and 18 to 44 MB with this.
 */
export function free(packed: Buffer): void {
  // A smaller one may share the pool of Buffer.
  if (packed.length > 0 && packed.buffer.byteLength >= segmentBytes)
    (packed.buffer as ArrayBuffer).transfer(0);
}

async function squeeze(raw: Buffer): Promise<Buffer> {
  // `flush` beside `finishFlush`: else Node compresses first and flushes in a second call, and joins a copy of both.
  const flush = constants.Z_SYNC_FLUSH;
  const packed = await deflate(raw, { level, flush, finishFlush: flush, chunkSize: outputBytes });
  if (packed.length < storedLength(raw.length)) return packed;
  free(packed);
  return store(raw);
}

/** Whether a sample says that packing is not worth while. */
async function looksDense(raw: Buffer): Promise<boolean> {
  const stride = Math.floor(raw.length / sampleParts);
  if (stride < samplePieceBytes * 2) return false;
  const sample = Buffer.allocUnsafe(sampleParts * samplePieceBytes);
  for (let part = 0; part < sampleParts; part++) {
    raw.copy(sample, part * samplePieceBytes, part * stride, part * stride + samplePieceBytes);
  }
  const packed = await deflate(sample, { level: 1, chunkSize: sample.length });
  return packed.length >= sample.length * sampleShrinksTo;
}

function storedLength(rawLength: number): number {
  return rawLength + Math.ceil(rawLength / storedBlockMost) * 5;
}

/** Content as stored blocks: a header of five bytes before each. */
function store(raw: Buffer): Buffer {
  const packed = Buffer.allocUnsafe(storedLength(raw.length));
  let at = 0;
  for (let from = 0; from < raw.length; from += storedBlockMost) {
    const length = Math.min(storedBlockMost, raw.length - from);
    packed[at] = 0;
    packed.writeUInt16LE(length, at + 1);
    packed.writeUInt16LE(length ^ 0xffff, at + 3);
    raw.copy(packed, at + 5, from, from + length);
    at += 5 + length;
  }
  return packed;
}
