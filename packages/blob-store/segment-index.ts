/** The index of a blob's segments as it is kept in PostgreSQL: 16 bytes each, four little-endian numbers. */
import type { Segment } from './types.ts';

const entryBytes = 16;

export function encodeSegments(segments: readonly Segment[]): Buffer {
  const bytes = Buffer.allocUnsafe(segments.length * entryBytes);
  for (const [index, segment] of segments.entries()) {
    const at = index * entryBytes;
    bytes.writeUInt32LE(segment.rawLength, at);
    bytes.writeUInt32LE(segment.packedLength, at + 4);
    bytes.writeUInt32LE(segment.rawCrc, at + 8);
    bytes.writeUInt32LE(segment.packedCrc, at + 12);
  }
  return bytes;
}

export function decodeSegments(bytes: Buffer): Segment[] {
  return Array.from({ length: bytes.length / entryBytes }, (_, index) => {
    const at = index * entryBytes;
    return {
      rawLength: bytes.readUInt32LE(at),
      packedLength: bytes.readUInt32LE(at + 4),
      rawCrc: bytes.readUInt32LE(at + 8),
      packedCrc: bytes.readUInt32LE(at + 12),
    };
  });
}
