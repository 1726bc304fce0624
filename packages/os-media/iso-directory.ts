/** Directory records of ISO 9660 (ECMA-119, 9.1) and the Rock Ridge names in them (SUSP 1.12, RRIP 1.12). */
import type { ByteSource } from './byte-source.ts';

export interface DirectoryRecord {
  /** First sector. */
  readonly extent: number;
  /** Bytes. */
  readonly size: number;
  readonly isFolder: boolean;
  /** One of several extents of a large file. */
  readonly isPart: boolean;
  /** Name of the plain or Joliet tree, without its version. */
  readonly name: string;
  /** System use area, where Rock Ridge keeps the real name. */
  readonly systemUse: Buffer;
}

const sectorSize = 2_048;
const minRecord = 34;
// The folders that hold marker files are a few sectors long.
const maxFolderSize = 1 << 20;
const maxContinuations = 8;

/** Parses one record, or gives undefined when its lengths contradict each other. `unicode`: the Joliet tree. */
export function parseRecord(bytes: Buffer, unicode: boolean): DirectoryRecord | undefined {
  if (bytes.length < minRecord) return undefined;
  const nameLength = bytes[32] ?? 0;
  const nameEnd = 33 + nameLength;
  if (nameEnd > bytes.length) return undefined;
  const flags = bytes[25] ?? 0;
  const raw = bytes.subarray(33, nameEnd);
  // A pad byte makes the length of the name field odd, so that what follows is aligned.
  const systemUse = bytes.subarray(Math.min(bytes.length, nameEnd + (nameLength % 2 === 0 ? 1 : 0)));
  return {
    extent: bytes.readUInt32LE(2) + (bytes[1] ?? 0),
    size: bytes.readUInt32LE(10),
    isFolder: (flags & 2) !== 0,
    isPart: (flags & 0x80) !== 0,
    name: plainName(unicode ? decodeUcs2(raw) : raw.toString('latin1')),
    systemUse,
  };
}

/** Finds `name` in a folder, case ignored. Throws Problem wrong_content when the folder is damaged. */
export async function findRecord(
  source: ByteSource,
  folder: DirectoryRecord,
  name: string,
  unicode: boolean,
): Promise<DirectoryRecord | undefined> {
  if (folder.size > maxFolderSize) throw source.wrong('one of its folders is too large to be real');
  const bytes = await source.read(folder.extent * sectorSize, folder.size);
  const wanted = name.toLowerCase();
  let offset = 0;
  while (offset < bytes.length) {
    const length = bytes[offset] ?? 0;
    // Records do not cross sectors: a zero means that the rest of this one is empty.
    if (length === 0) {
      offset = (Math.floor(offset / sectorSize) + 1) * sectorSize;
      continue;
    }
    const record = parseRecord(bytes.subarray(offset, offset + length), unicode);
    if (!record || offset + length > bytes.length) throw source.wrong('one of its folders is damaged');
    offset += length;
    const names = [record.name, unicode ? undefined : await rockRidgeName(source, record)];
    if (names.some((candidate) => candidate?.toLowerCase() === wanted)) return record;
  }
  return undefined;
}

/** Name from the NM entries of the system use area, following its continuations, or undefined. */
async function rockRidgeName(source: ByteSource, record: DirectoryRecord): Promise<string | undefined> {
  let area = record.systemUse;
  let name = '';
  for (let hops = 0; hops <= maxContinuations; hops++) {
    const part = readNameEntries(area);
    name += part.name;
    // Only a name that goes on elsewhere is worth another read.
    if (!part.unfinished || !part.next) return name === '' ? undefined : name;
    const { sector, offset, length } = part.next;
    if (offset + length > sectorSize) throw source.wrong('one of its folders is damaged');
    area = await source.read(sector * sectorSize + offset, length);
  }
  throw source.wrong('one of its folders is damaged');
}

interface NameEntries {
  name: string;
  unfinished: boolean;
  next: { sector: number; offset: number; length: number } | undefined;
}

/** The entries of one area: two letters, length, version, data. Stops at the first that makes no sense. */
function readNameEntries(area: Buffer): NameEntries {
  const found: NameEntries = { name: '', unfinished: true, next: undefined };
  let offset = 0;
  while (offset + 4 <= area.length) {
    const kind = area.toString('latin1', offset, offset + 2);
    const length = area[offset + 2] ?? 0;
    if (length < 4 || offset + length > area.length) break;
    if (kind === 'NM' && length >= 5) {
      found.name += area.toString('utf8', offset + 5, offset + length);
      found.unfinished = ((area[offset + 4] ?? 0) & 1) !== 0;
    }
    if (kind === 'CE' && length >= 28) {
      found.next = {
        sector: area.readUInt32LE(offset + 4),
        offset: area.readUInt32LE(offset + 12),
        length: area.readUInt32LE(offset + 20),
      };
    }
    offset += length;
  }
  return found;
}

/** Without the version ";1" and the dot that a name without extension gets. */
function plainName(name: string): string {
  return name.replace(/;\d+$/, '').replace(/\.$/, '');
}

/** Big-endian UCS-2, as Joliet has it. */
function decodeUcs2(bytes: Buffer): string {
  let text = '';
  for (let offset = 0; offset + 1 < bytes.length; offset += 2)
    text += String.fromCharCode(bytes.readUInt16BE(offset));
  return text;
}
