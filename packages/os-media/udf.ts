/**
 * Recognises a UDF file system (ECMA-167, OSTA UDF) by its descriptors. Windows media are UDF; their
 * folders need not be read, since nothing in them names the release in a way that can be relied on.
 */
import type { ByteSource } from './byte-source.ts';
import { sectorSize } from './iso9660.ts';

const firstDescriptor = 16;
const maxRecognition = 64;
const anchorSector = 256;
const maxSequence = 64;
const anchorTag = 2;
const partitionTag = 5;
const terminatorTag = 8;

/**
 * Whether `source` has a UDF file system: the volume recognition sequence (ECMA-167, part 2) and the anchor
 * at sector 256. Throws Problem wrong_content when its partition reaches beyond the end of the file.
 */
export async function isUdf(source: ByteSource): Promise<boolean> {
  if (!(await hasRecognitionSequence(source))) return false;
  const anchor = await readTagged(source, anchorSector);
  if (anchor?.tag !== anchorTag) return false;
  const sequence = {
    sectors: Math.ceil(anchor.bytes.readUInt32LE(16) / sectorSize),
    first: anchor.bytes.readUInt32LE(20),
  };
  for (let index = 0; index < Math.min(sequence.sectors, maxSequence); index++) {
    const descriptor = await readTagged(source, sequence.first + index);
    if (!descriptor || descriptor.tag === terminatorTag) break;
    if (descriptor.tag !== partitionTag) continue;
    const needed = (descriptor.bytes.readUInt32LE(188) + descriptor.bytes.readUInt32LE(192)) * sectorSize;
    if (needed > source.size) {
      throw source.wrong(`it is cut off: the image says it has ${needed} bytes, the file has ${source.size}`);
    }
  }
  return true;
}

/** BEA01, NSR02 or NSR03, TEA01 in this order, beside descriptors of ISO 9660 on a bridge disc. */
async function hasRecognitionSequence(source: ByteSource): Promise<boolean> {
  const seen: string[] = [];
  for (let sector = firstDescriptor; sector < firstDescriptor + maxRecognition; sector++) {
    if ((sector + 1) * sectorSize > source.size) break;
    const id = (await source.read(sector * sectorSize, 8)).toString('latin1', 1, 6);
    if (!['CD001', 'BEA01', 'BOOT2', 'NSR02', 'NSR03', 'TEA01'].includes(id)) break;
    seen.push(id);
  }
  const begin = seen.indexOf('BEA01');
  const volume = seen.findIndex((id, index) => index > begin && id.startsWith('NSR'));
  return begin >= 0 && volume > begin && seen.indexOf('TEA01') > volume;
}

/** A descriptor with its tag (ECMA-167, 3/7.2), or undefined when the sector holds none. */
async function readTagged(
  source: ByteSource,
  sector: number,
): Promise<{ tag: number; bytes: Buffer } | undefined> {
  if ((sector + 1) * sectorSize > source.size) return undefined;
  const bytes = await source.read(sector * sectorSize, sectorSize);
  const sum = bytes.subarray(0, 16).reduce((total, byte, index) => (index === 4 ? total : total + byte), 0);
  if ((sum & 0xff) !== bytes[4] || bytes.readUInt32LE(12) !== sector) return undefined;
  return { tag: bytes.readUInt16LE(0), bytes };
}
