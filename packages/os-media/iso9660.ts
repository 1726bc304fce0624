/**
 * Reads small files out of an ISO 9660 image (ECMA-119) by their Rock Ridge, Joliet or plain names.
 * Nothing in the image is believed: every extent is checked against the file, folders and files have a
 * size limit, and a path has as many steps as its caller wrote, so loops lead nowhere.
 */
import type { ByteSource } from './byte-source.ts';
import { type DirectoryRecord, findRecord, parseRecord } from './iso-directory.ts';

export const sectorSize = 2_048;
const firstDescriptor = 16;
const maxDescriptors = 64;

export interface IsoImage {
  /** Volume label as stored in the primary descriptor. */
  readonly label: string;
  /**
   * Content of the file at `path` (folders parted by '/', case ignored), or undefined when there is none.
   * Throws Problem wrong_content when it is larger than `limit` bytes or the image is damaged.
   */
  read(path: string, limit: number): Promise<Buffer | undefined>;
  /** Whether a file or folder exists. */
  has(path: string): Promise<boolean>;
}

/**
 * Opens the ISO 9660 file system of `source`, or gives undefined when it has none. Throws Problem
 * wrong_content when it has one that is damaged or reaches beyond the end of the file.
 */
export async function openIso(source: ByteSource): Promise<IsoImage | undefined> {
  const descriptors = await readDescriptors(source);
  const primary = descriptors.find((sector) => sector[0] === 1);
  if (!primary) return undefined;
  if (primary.readUInt16LE(128) !== sectorSize) throw source.wrong('its block size is not 2048 bytes');
  const needed = primary.readUInt32LE(80) * sectorSize;
  if (needed > source.size) {
    throw source.wrong(`it is cut off: the image says it has ${needed} bytes, the file has ${source.size}`);
  }
  const joliet = descriptors.find(isJoliet);
  // Rock Ridge names lie in the primary tree; they are the truest, then Joliet's.
  const trees = [primary, joliet].filter((sector) => sector !== undefined);
  const roots = trees.map((sector) => ({
    root: parseRecord(sector.subarray(156, 190), sector === joliet),
    unicode: sector === joliet,
  }));

  async function find(path: string): Promise<DirectoryRecord | undefined> {
    for (const { root, unicode } of roots) {
      let record = root;
      for (const step of path.split('/').filter((part) => part !== '')) {
        record = record?.isFolder ? await findRecord(source, record, step, unicode) : undefined;
      }
      if (record) return record;
    }
    return undefined;
  }

  async function read(path: string, limit: number): Promise<Buffer | undefined> {
    const record = await find(path);
    if (!record || record.isFolder) return undefined;
    if (record.size > limit || record.isPart)
      throw source.wrong(`${path} in it is larger than ${limit} bytes`);
    return await source.read(record.extent * sectorSize, record.size);
  }

  return {
    label: primary.toString('latin1', 40, 72).trimEnd(),
    read,
    has: async (path) => (await find(path)) !== undefined,
  };
}

/** The volume descriptors from sector 16 up to the terminator (ECMA-119, 8.1). */
async function readDescriptors(source: ByteSource): Promise<Buffer[]> {
  const found: Buffer[] = [];
  for (let sector = firstDescriptor; sector < firstDescriptor + maxDescriptors; sector++) {
    if ((sector + 1) * sectorSize > source.size) break;
    const bytes = await source.read(sector * sectorSize, sectorSize);
    if (bytes.toString('latin1', 1, 6) !== 'CD001' || bytes[0] === 255) break;
    found.push(bytes);
  }
  return found;
}

/** A supplementary descriptor whose escape sequence names one of the three levels of UCS-2 (Joliet). */
function isJoliet(sector: Buffer): boolean {
  return sector[0] === 2 && ['%/@', '%/C', '%/E'].includes(sector.toString('latin1', 88, 91));
}
