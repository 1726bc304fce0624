/**
 * What stands before and behind the content of a member in the tar stream: everything fixed but path and
 * size, so that equal profiles give equal bytes. docs/archive-format.md describes the same rules in words.
 */
import { Header, Pax } from 'tar';

export const blockLength = 512;

/** Two blocks of zeros end a tar stream (POSIX pax, "ustar Interchange Format"). */
export const tarEnd: Buffer = Buffer.alloc(2 * blockLength);

// 1980-01-01T00:00:00Z. GNU tar warns of an implausibly old time stamp at 0, and zip tools know no earlier year.
const mtime = new Date(315_532_800_000);

const fixed = { mode: 0o644, uid: 0, gid: 0, mtime, uname: '', gname: '' } as const;

/** The zeros that fill the last block of a member of `size` bytes. */
export function padding(size: number): Buffer {
  return tarEnd.subarray(0, (blockLength - (size % blockLength)) % blockLength);
}

/**
 * All blocks in front of a member's content. A path that is not plain ASCII, or does not fit, gets a pax
 * record; a path that does not fit gets GNU's long-name entry as well, because busybox tar knows only that
 * one. A size of 8 GiB or more stands in the header as base-256 (GNU) and in a pax record (POSIX).
 */
export function memberHeader(path: string, size: number): Buffer {
  return path.length < 100 && size < ordinarySize && plain.test(path)
    ? ordinaryHeader(path, size)
    : anyHeader(path, size);
}

// Of most members only path, size and checksum differ: copying a header costs a tenth of making one, which was half of
// planning a profile of small files. Fields as POSIX has them ("ustar Interchange Format"), ten and six octal digits.
const ordinarySize = 8 ** 10;
const anyPath = '-';
const ordinary = encode(anyPath, 0).block;
const [pathAt, sizeAt, checksumAt] = [0, 124, 148];
/** The checksum without the path. */
const ordinarySum =
  Number.parseInt(ordinary.toString('latin1', checksumAt, checksumAt + 6), 8) - anyPath.charCodeAt(0);

function ordinaryHeader(path: string, size: number): Buffer {
  const header = Buffer.from(ordinary);
  header.write(path, pathAt, 'latin1');
  const digits = size.toString(8);
  header.write(digits, sizeAt + 10 - digits.length, 'latin1');
  let sum = ordinarySum;
  for (let at = 0; at < path.length; at++) sum += path.charCodeAt(at);
  for (let at = 0; at < digits.length; at++) sum += Number(digits[at]);
  header.write(sum.toString(8).padStart(6, '0'), checksumAt, 'latin1');
  return header;
}

/** As memberHeader, field by field. */
export function anyHeader(path: string, size: number): Buffer {
  const header = encode(path, size);
  if (!header.needPax) return header.block;
  const fits = new Header(header.block).path === path;
  const plainPath = fits ? path : `${path.slice(0, path.lastIndexOf('/'))}/long-name`;
  const records: { path?: string; size?: number } = {};
  if (encode(path, 0).needPax) records.path = path;
  if (encode('profile/x', size).needPax) records.size = size;
  return Buffer.concat([
    ...(fits ? [] : extension('NextFileHasLongPath', '././@LongLink', Buffer.from(`${path}\0`))),
    ...extension('ExtendedHeader', 'profile/PaxHeader', Buffer.from(new Pax(records).encodeBody())),
    encode(plainPath, size).block,
  ]);
}

// What every writer of ustar puts into one block: 100 bytes of ASCII, a size of eleven octal digits.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are ASCII
const plain = /^[\x00-\x7f]{1,100}$/;
const plainSize = 8 ** 11;

/** Bytes of memberHeader. */
export function headerLength(path: string, size: number): number {
  return plain.test(path) && size < plainSize ? blockLength : memberHeader(path, size).length;
}

function encode(path: string, size: number): { block: Buffer; needPax: boolean } {
  const block = Buffer.alloc(blockLength);
  const needPax = new Header({ ...fixed, path, size, type: 'File' }).encode(block);
  return { block, needPax };
}

/** An entry that says something about the next one. */
function extension(
  type: 'ExtendedHeader' | 'NextFileHasLongPath',
  path: string,
  body: Buffer,
): readonly Buffer[] {
  const block = Buffer.alloc(blockLength);
  new Header({ ...fixed, path, size: body.length, type }).encode(block);
  return [block, body, padding(body.length)];
}
