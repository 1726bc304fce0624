/**
 * Says which member a broken deflate stream is broken in. zlib gives no output of the step it fails in, which
 * may have held the ends of one member and many small ones. But every tar header of ours lies uncompressed
 * in the archive, the bytes of each are known from the metadata, and what follows a header does not refer to
 * anything before it. So each member found there can be unpacked, and checked, by itself.
 */
import { createHash } from 'node:crypto';
import { constants, inflateRawSync } from 'node:zlib';
import { gzipHeader, storedOverhead } from './deflate.ts';
import { checksumsPath, digestPath } from './layout.ts';
import type { ArchiveFile } from './metadata.ts';
import { memberHeader, padding } from './tar-header.ts';

/**
 * Takes the compressed bytes the failing step was given, the member it began in and those after that one.
 * Gives the path of the first one that is damaged; the current one when all the others are whole.
 */
export function locateDamage(bytes: Buffer, current: string, following: readonly ArchiveFile[]): string {
  const found: { file: ArchiveFile; start: number; end: number }[] = [];
  for (const file of following) {
    const header = memberHeader(file.path, file.size);
    const end = found.at(-1)?.end ?? 0;
    const start = bytes.indexOf(header, end);
    if (start < 0) break;
    found.push({ file, start, end: start + header.length });
  }
  for (const [at, { file, end }] of found.entries()) {
    // Between two members lie the padding of the first and the head of the stored block with the header of the second.
    const next = found[at + 1]?.start;
    if (!isWhole(bytes.subarray(end, next), file, next !== undefined)) return file.path;
  }
  return current;
}

/**
 * The beginning of a tar stream, as far as it lies in stored blocks: metadata.json and the first header, read
 * without zlib, which may fail before it has given them out. Takes the beginning of an archive.
 */
export function readStoredHead(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = gzipHeader.length; bytes[at] === 0 && at + storedOverhead < bytes.length; ) {
    const length = bytes.readUInt16LE(at + 1);
    if (bytes.readUInt16LE(at + 3) !== (length ^ 0xffff)) break;
    at += storedOverhead;
    parts.push(bytes.subarray(at, at + length));
    at += length;
  }
  return Buffer.concat(parts);
}

/** What zlib's functions give with `info`, which their types do not tell: the content, and how much was taken for it. */
interface Inflated {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}

/**
 * Whether the content of a file can be unpacked, as far as it is there. `complete`: all of it is, and then its padding
 * up to the next header comes out as well, not a byte less or more. A changed bit can make a stream that stays valid
 * and unpacks to something shorter, which only its length tells.
 */
function isWhole(packed: Buffer, { path, size, sha256 }: ArchiveFile, complete: boolean): boolean {
  // These lie in one stored block with their headers: there is nothing to unpack.
  if (size === 0 || path === checksumsPath || path === digestPath) return true;
  try {
    // A sync flush at the end, so that bytes which stop in the middle are no error.
    const options = { finishFlush: constants.Z_SYNC_FLUSH, info: true };
    const { buffer: content, engine } = inflateRawSync(packed, options) as unknown as Inflated;
    // A damaged block may claim to be the last one.
    if (engine.bytesWritten < packed.length) return false;
    if (complete && !content.subarray(size).equals(padding(size))) return false;
    if (content.length < size) return !complete;
    return createHash('sha256').update(content.subarray(0, size)).digest('hex') === sha256;
  } catch {
    return false;
  }
}
