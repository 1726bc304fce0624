/**
 * Writes a small ISO 9660 image (ECMA-119, level 1 names) with a second tree of long names (Joliet), so that
 * a file like .treeinfo keeps its name. The same files give the same bytes. Everything is held in memory.
 */
import {
  arrange,
  type Entry,
  foldersOf,
  type IsoFile,
  identifier,
  sorted,
  type Tree,
  walk,
} from './iso-tree.ts';

const sectorSize = 2_048;
// Everything a reader shows of time; the image must not depend on when it is made.
const recordedAt = [124, 1, 1, 0, 0, 0, 0];
const writtenAt = Buffer.concat([Buffer.from('2024010100000000', 'latin1'), Buffer.from([0])]);
const never = Buffer.concat([Buffer.from('0'.repeat(16), 'latin1'), Buffer.from([0])]);

/** Gives the image of `files` under a volume label of at most 16 letters. */
export function buildIso(label: string, files: readonly IsoFile[]): Buffer {
  const root = arrange(files);
  const trees = [false, true].map((unicode) => ({ unicode, folders: foldersOf(root, unicode) }));
  const extents = new Map<unknown, number>();
  const parts: Buffer[] = [];
  // Sectors 0 to 15 are the system area; a primary, a supplementary and a terminating descriptor follow.
  let next = 19;
  const place = (key: unknown, size: number) => {
    extents.set(key, next);
    next += Math.max(1, Math.ceil(size / sectorSize));
  };
  for (const tree of trees) {
    place(`${tree.unicode} little`, pathTable(tree, extents, true).length);
    place(`${tree.unicode} big`, pathTable(tree, extents, false).length);
  }
  for (const tree of trees) {
    for (const folder of tree.folders) place(key(tree, folder), folderBytes(tree, folder, extents).length);
  }
  const contents = [...walk(root)].flatMap((entry) => (entry.content ? [entry] : []));
  for (const file of contents) place(file, file.content?.length ?? 0);

  const put = (at: number, bytes: Buffer) => parts.push(Buffer.alloc(at * sectorSize - length(parts)), bytes);
  for (const [index, tree] of trees.entries()) put(16 + index, descriptor(tree, label, extents, next));
  put(18, Buffer.concat([Buffer.from([255]), Buffer.from('CD001\x01', 'latin1')]));
  for (const tree of trees) {
    put(extents.get(`${tree.unicode} little`)!, pathTable(tree, extents, true));
    put(extents.get(`${tree.unicode} big`)!, pathTable(tree, extents, false));
  }
  for (const tree of trees) {
    for (const folder of tree.folders)
      put(extents.get(key(tree, folder))!, folderBytes(tree, folder, extents));
  }
  for (const file of contents) put(extents.get(file)!, file.content!);
  put(next, Buffer.alloc(0));
  return Buffer.concat(parts);
}

/** Where a folder of a tree lies; files lie under their entry, once for both trees. */
function key(tree: Tree, folder: Entry): string {
  const path: string[] = [];
  for (let entry: Entry | undefined = folder; entry; entry = entry.parent) path.unshift(entry.name);
  return `${tree.unicode} /${path.join('/')}`;
}

function folderBytes(tree: Tree, folder: Entry, extents: ReadonlyMap<unknown, number>): Buffer {
  const at = (entry: Entry) => extents.get(entry.content ? entry : key(tree, entry)) ?? 0;
  const size = (entry: Entry): number => entry.content?.length ?? folderSize(tree, entry);
  const parent = folder.parent ?? folder;
  const records = [
    record(Buffer.from([0]), at(folder), size(folder), true),
    record(Buffer.from([1]), at(parent), size(parent), true),
    ...sorted(tree, folder).map((child) =>
      record(identifier(tree, child), at(child), size(child), !child.content),
    ),
  ];
  return inSectors(records);
}

function folderSize(tree: Tree, folder: Entry): number {
  const names = [
    Buffer.from([0]),
    Buffer.from([1]),
    ...folder.children.map((child) => identifier(tree, child)),
  ];
  return inSectors(names.map((name) => record(name, 0, 0, false))).length;
}

/** Whole sectors; no record crosses from one to the next. */
function inSectors(records: readonly Buffer[]): Buffer {
  const parts: Buffer[] = [];
  for (const bytes of records) {
    const left = sectorSize - (length(parts) % sectorSize);
    if (bytes.length > left) parts.push(Buffer.alloc(left));
    parts.push(bytes);
  }
  parts.push(Buffer.alloc((sectorSize - (length(parts) % sectorSize)) % sectorSize));
  return Buffer.concat(parts);
}

/** A directory record (ECMA-119, 9.1). */
function record(name: Buffer, extent: number, size: number, isFolder: boolean): Buffer {
  const bytes = Buffer.alloc(33 + name.length + (name.length % 2 === 0 ? 1 : 0));
  bytes[0] = bytes.length;
  both32(bytes, 2, extent);
  both32(bytes, 10, size);
  bytes.set(recordedAt, 18);
  bytes[25] = isFolder ? 2 : 0;
  both16(bytes, 28, 1);
  bytes[32] = name.length;
  name.copy(bytes, 33);
  return bytes;
}

/** A path table (ECMA-119, 9.4), in one of the two byte orders. */
function pathTable(tree: Tree, extents: ReadonlyMap<unknown, number>, little: boolean): Buffer {
  const rows = tree.folders.map((folder) => {
    const name = folder.parent ? identifier(tree, folder) : Buffer.from([0]);
    const row = Buffer.alloc(8 + name.length + (name.length % 2));
    const extent = extents.get(key(tree, folder)) ?? 0;
    const parent = tree.folders.indexOf(folder.parent ?? folder) + 1;
    row[0] = name.length;
    if (little) row.writeUInt32LE(extent, 2);
    else row.writeUInt32BE(extent, 2);
    if (little) row.writeUInt16LE(parent, 6);
    else row.writeUInt16BE(parent, 6);
    name.copy(row, 8);
    return row;
  });
  return Buffer.concat(rows);
}

/** A primary or supplementary volume descriptor (ECMA-119, 8.4 and 8.5). */
function descriptor(
  tree: Tree,
  label: string,
  extents: ReadonlyMap<unknown, number>,
  sectors: number,
): Buffer {
  const { unicode, folders } = tree;
  const root = folders[0]!;
  const bytes = Buffer.alloc(sectorSize);
  const text = (value: string, from: number, to: number) => {
    const padded = unicode ? value.padEnd((to - from) >> 1) : value.padEnd(to - from);
    const encoded = unicode ? Buffer.from(padded, 'utf16le').swap16() : Buffer.from(padded, 'latin1');
    encoded.copy(bytes, from, 0, to - from);
  };
  bytes[0] = unicode ? 2 : 1;
  bytes.write('CD001\x01', 1, 'latin1');
  text('', 8, 40);
  text(label.slice(0, 16), 40, 72);
  both32(bytes, 80, sectors);
  // UCS-2 level 3.
  if (unicode) bytes.write('%/E', 88, 'latin1');
  both16(bytes, 120, 1);
  both16(bytes, 124, 1);
  both16(bytes, 128, sectorSize);
  both32(bytes, 132, pathTable(tree, extents, true).length);
  bytes.writeUInt32LE(extents.get(`${unicode} little`)!, 140);
  bytes.writeUInt32BE(extents.get(`${unicode} big`)!, 148);
  record(Buffer.from([0]), extents.get(key(tree, root))!, folderSize(tree, root), true).copy(bytes, 156);
  for (const [from, to] of [
    [190, 318],
    [318, 446],
    [446, 574],
    [574, 702],
    [702, 739],
    [739, 776],
    [776, 813],
  ] as const) {
    text('', from, to);
  }
  writtenAt.copy(bytes, 813);
  writtenAt.copy(bytes, 830);
  never.copy(bytes, 847);
  never.copy(bytes, 864);
  bytes[881] = 1;
  return bytes;
}

/** Numbers of ISO 9660 are there twice: little-endian, then big-endian. */
function both32(bytes: Buffer, at: number, value: number): void {
  bytes.writeUInt32LE(value, at);
  bytes.writeUInt32BE(value, at + 4);
}

function both16(bytes: Buffer, at: number, value: number): void {
  bytes.writeUInt16LE(value, at);
  bytes.writeUInt16BE(value, at + 2);
}

function length(parts: readonly Buffer[]): number {
  return parts.reduce((total, part) => total + part.length, 0);
}
