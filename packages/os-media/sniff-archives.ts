/** Recognises zip, rpm and tar.gz files by their fixed parts. */
import { constants, createGunzip } from 'node:zlib';
import type { ByteSource } from './byte-source.ts';

const zipLocal = 0x04034b50;
const zipCentral = 0x02014b50;
const zipEnd = 0x06054b50;
const zip64End = 0x06064b50;
const zip64Locator = 0x07064b50;
const zipEndSize = 22;
const maxZipComment = 65_535;

/**
 * A zip (APPNOTE 6.3.10) that starts with a file and ends with a directory inside the file; a zip that was cut
 * off has lost its end. Throws Problem wrong_content.
 */
export async function checkZip(source: ByteSource): Promise<void> {
  if (source.size < 4 || (await source.read(0, 4)).readUInt32LE() !== zipLocal) {
    throw source.wrong('it does not start like a zip with files in it');
  }
  const tailSize = Math.min(source.size, zipEndSize + maxZipComment);
  const tail = await source.read(source.size - tailSize, tailSize);
  for (let at = tailSize - zipEndSize; at >= 0; at--) {
    // The comment after the record must end where the file ends, or the signature is part of a comment.
    if (tail.readUInt32LE(at) !== zipEnd || at + zipEndSize + tail.readUInt16LE(at + 20) !== tailSize)
      continue;
    // Written as a stream and never listed: odd, but whole.
    if (tail.readUInt16LE(at + 10) === 0) return;
    const end = source.size - tailSize + at;
    const directory = await zipDirectory(source, tail.subarray(at), end);
    if (directory + 46 <= end && (await source.read(directory, 4)).readUInt32LE() === zipCentral) return;
    throw source.wrong('the directory of the zip is damaged');
  }
  throw source.wrong('the end of the zip is missing: it is cut off');
}

/** Offset of the central directory; the larger record of zip64 holds it where the field is full. */
async function zipDirectory(source: ByteSource, record: Buffer, end: number): Promise<number> {
  const offset = record.readUInt32LE(16);
  if (offset !== 0xffffffff) return offset;
  if (end < 20) throw source.wrong('the directory of the zip is damaged');
  const locator = await source.read(end - 20, 20);
  const at = Number(locator.readBigUInt64LE(8));
  if (locator.readUInt32LE() !== zip64Locator || at + 56 > end)
    throw source.wrong('the directory of the zip is damaged');
  const large = await source.read(at, 56);
  if (large.readUInt32LE() !== zip64End) throw source.wrong('the directory of the zip is damaged');
  return Number(large.readBigUInt64LE(48));
}

const rpmLead = Buffer.from([0xed, 0xab, 0xee, 0xdb]);
const rpmHeader = Buffer.from([0x8e, 0xad, 0xe8, 0x01]);
const rpmLeadSize = 96;

/** An rpm: its lead, then the header of its signature (RPM file format, versions 3 and 4). */
export async function checkRpm(source: ByteSource): Promise<void> {
  const start = source.size < rpmLeadSize + 4 ? undefined : await source.read(0, rpmLeadSize + 4);
  if (!start?.subarray(0, 4).equals(rpmLead)) throw source.wrong('it does not start like an rpm');
  if (!start.subarray(rpmLeadSize).equals(rpmHeader)) throw source.wrong('the rpm has no signature header');
}

const tarBlock = 512;
// Enough for a gzip header with a long name and the first block of the tar.
const gzipStart = 128 * 1024;

/** A gzip whose content begins with a tar header of a right checksum (RFC 1952, POSIX ustar). */
export async function checkTarGz(source: ByteSource): Promise<void> {
  const start = await source.read(0, Math.min(source.size, gzipStart));
  if (start.length < 18 || start[0] !== 0x1f || start[1] !== 0x8b || start[2] !== 8) {
    throw source.wrong('it does not start like a gzip');
  }
  const content = await inflateStart(source, start);
  if (content.length < tarBlock) throw source.wrong('the gzip holds no tar');
  const header = content.subarray(0, tarBlock);
  if (header.every((byte) => byte === 0)) throw source.wrong('the tar holds no file');
  const written = Number.parseInt(header.toString('latin1', 148, 156).replaceAll('\0', ' ').trim(), 8);
  // The checksum counts its own field as spaces.
  const sum = header.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 0x20 : byte), 0);
  if (written !== sum) throw source.wrong('the gzip holds something other than a tar');
}

/** The first bytes `start` inflates to, about one tar block, however much the rest would swell to. */
async function inflateStart(source: ByteSource, start: Buffer): Promise<Buffer> {
  // Z_SYNC_FLUSH: a start is no whole gzip, and its missing end is no fault.
  const gunzip = createGunzip({ chunkSize: 4_096, finishFlush: constants.Z_SYNC_FLUSH });
  gunzip.end(start);
  const parts: Buffer[] = [];
  try {
    for await (const part of gunzip) {
      parts.push(part);
      if (parts.reduce((total, { length }) => total + length, 0) >= tarBlock) break;
    }
  } catch {
    throw source.wrong('the gzip is damaged');
  } finally {
    gunzip.destroy();
  }
  return Buffer.concat(parts);
}
