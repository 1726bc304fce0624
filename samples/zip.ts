/** Writes a small deflated zip (APPNOTE 6.3.10, no zip64). The same files give the same bytes. */
import { crc32, deflateRawSync } from 'node:zlib';

export interface ZipFile {
  /** Folders parted by '/'. */
  readonly path: string;
  readonly content: Buffer;
}

// 1 January 2024, 00:00, as DOS writes it: years since 1980, month and day in one number.
const dosDate = ((2024 - 1980) << 9) | (1 << 5) | 1;
const version = 20;
const utf8Names = 0x0800;
const deflated = 8;

/** Gives the zip of `files`, in their order. */
export function buildZip(files: readonly ZipFile[]): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { path, content } of files) {
    const packed = deflateRawSync(content, { level: 9 });
    const name = Buffer.from(path);
    const fields = describe(name, content, packed);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), fields, name, packed]);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(offset, 10);
    const made = Buffer.from([version, 0]);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02', 'latin1'), made, fields, place, name]));
    locals.push(local);
    offset += local.length;
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(listed.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, listed, end]);
}

/** The 26 bytes that stand before a file and again in the directory. */
function describe(name: Buffer, content: Buffer, packed: Buffer): Buffer {
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(version, 0);
  fields.writeUInt16LE(utf8Names, 2);
  fields.writeUInt16LE(deflated, 4);
  fields.writeUInt16LE(dosDate, 8);
  fields.writeUInt32LE(crc32(content), 10);
  fields.writeUInt32LE(packed.length, 14);
  fields.writeUInt32LE(content.length, 18);
  fields.writeUInt16LE(name.length, 22);
  return fields;
}
