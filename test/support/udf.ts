/** The least that makes a file a UDF medium: its recognition sequence and anchor (ECMA-167, parts 2 and 3). */

const sector = 2048;

/** An empty UDF image, 300 sectors. */
export function udfImage(): Buffer {
  const image = Buffer.alloc(300 * sector);
  for (const [index, id] of ['BEA01', 'NSR02', 'TEA01'].entries()) {
    const at = (16 + index) * sector;
    image.write(id, at + 1, 'latin1');
    image[at + 6] = 1;
  }
  // Anchor volume descriptor pointer: tag identifier 2, at sector 256.
  const anchor = image.subarray(256 * sector, 257 * sector);
  anchor.writeUInt16LE(2, 0);
  anchor.writeUInt16LE(2, 2);
  anchor.writeUInt32LE(256, 12);
  anchor.writeUInt32LE(16 * sector, 16);
  anchor.writeUInt32LE(32, 20);
  anchor[4] = anchor
    .subarray(0, 16)
    .reduce((sum, byte, index) => (index === 4 ? sum : (sum + byte) & 0xff), 0);
  return image;
}
