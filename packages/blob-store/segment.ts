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
 * segment size or sampling rule below, or a Node whose bundled zlib packs differently.
 */
export const ENCODER = 1;

const level = 4;
// A stored block holds at most this much (RFC 1951, 3.2.4).
const storedBlockMost = 65_535;

// What does not shrink is told from a sample, because trying it whole costs most of an import's time:
// sampleParts pieces of samplePieceBytes, spread over the segment. A rule about content only: the same
// content is packed the same way whatever it is called and whenever it comes.
const sampleParts = 8;
const samplePieceBytes = 4096;
const sampleShrinksTo = 0.97;

/** Packs a piece of content, at most segmentBytes long. */
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

async function squeeze(raw: Buffer): Promise<Buffer> {
  const packed = await deflate(raw, {
    level,
    finishFlush: constants.Z_SYNC_FLUSH,
    chunkSize: segmentBytes + storedBlockMost,
  });
  return packed.length < storedLength(raw.length) ? packed : store(raw);
}

/** Whether a sample says that packing is not worth while. */
async function looksDense(raw: Buffer): Promise<boolean> {
  const stride = Math.floor(raw.length / sampleParts);
  if (stride < samplePieceBytes * 2) return false;
  const sample = Buffer.allocUnsafe(sampleParts * samplePieceBytes);
  for (let part = 0; part < sampleParts; part++) {
    raw.copy(sample, part * samplePieceBytes, part * stride, part * stride + samplePieceBytes);
  }
  const packed = await deflate(sample, { level: 1 });
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
