/** The few bytes of gzip (RFC 1952) and deflate (RFC 1951) that an archive consists of beside its segments. */

/** Fixed: deflate, no flags, no time, no hint of level, operating system unknown. */
export const gzipHeader: Buffer = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);

/** Bytes of the gzip trailer. */
export const trailerLength = 8;

/** Bytes in front of the content of a stored block. */
export const storedOverhead = 5;

/** RFC 1951, 3.2.4: the length of a stored block is a 16-bit number. */
const storedLimit = 65535;

/**
 * Packs bytes as stored blocks, each in memory that `allocate` gives. Only valid on a byte boundary, which is where
 * every segment ends. With `final` the last one ends the deflate stream.
 */
export function storedBlocks(
  content: Buffer,
  final = false,
  allocate: (bytes: number) => Buffer = Buffer.allocUnsafe,
): Buffer[] {
  const blocks: Buffer[] = [];
  for (let start = 0; start < content.length; start += storedLimit) {
    const part = content.subarray(start, start + storedLimit);
    const block = allocate(storedOverhead + part.length);
    block[0] = final && start + part.length === content.length ? 1 : 0;
    block.writeUInt16LE(part.length, 1);
    block.writeUInt16LE(part.length ^ 0xffff, 3);
    part.copy(block, storedOverhead);
    blocks.push(block);
  }
  return blocks;
}

/** Bytes that `length` bytes of content take as stored blocks. */
export function storedLength(length: number): number {
  return length + storedOverhead * Math.ceil(length / storedLimit);
}

/** The gzip trailer: CRC-32 and length, modulo 2^32, of the whole content. */
export function gzipTrailer(crc: number, rawLength: number): Buffer {
  const trailer = Buffer.allocUnsafe(trailerLength);
  trailer.writeUInt32LE(crc, 0);
  trailer.writeUInt32LE(rawLength % 2 ** 32, 4);
  return trailer;
}
