/**
 * Lays an archive out: every byte of it gets its offset before one is read. Tar headers and the small text
 * members become stored blocks of deflate, the content of files is the blobs' own segments.
 */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Blob } from '@osimage/blob-store';
import { Problem } from '@osimage/errors';
import { checksumsText } from './checksums.ts';
import { combineCrc32 } from './crc32-combine.ts';
import { gzipHeader, storedBlocks } from './deflate.ts';
import { checkMemberPath, checksumsPath, fileName, metadataPath, uniqueMembers } from './layout.ts';
import { Tail } from './tail.ts';
import { memberHeader, padding } from './tar-header.ts';
import type { ArchiveMember, ArchiveRequest } from './types.ts';

/** Bytes. Twice that is what a small plan holds at most besides what it needs. */
const slabSize = 64 * 1024;

interface PieceBase {
  /** Where it begins in the archive. */
  readonly offset: number;
  /** Bytes in the archive. */
  readonly length: number;
}

/** Bytes the plan itself holds, at most 64 KiB. */
interface InlinePiece extends PieceBase {
  readonly kind: 'inline';
  readonly bytes: Buffer;
}

/** One segment of a blob, as it lies in the blob's file. */
export interface SegmentPiece extends PieceBase {
  readonly kind: 'segment';
  readonly blob: Blob;
  /** Where it begins in the blob's file. */
  readonly position: number;
  /** CRC-32 its bytes must have. */
  readonly crc: number;
  /** The member it belongs to. */
  readonly path: string;
}

export type Piece = InlinePiece | SegmentPiece;

export interface Plan {
  /** The body, end to end from offset 0, no piece empty. */
  readonly pieces: readonly Piece[];
  readonly tail: Tail;
}

/**
 * Takes what the archive shall hold, in any order. Throws Problem conflict for a path with two contents,
 * bad_name for one outside the layout, blob_damaged for a blob whose index contradicts itself.
 */
export function planArchive(request: ArchiveRequest): Plan {
  const members = uniqueMembers(request.members, ({ blob }) => blob.sha256);
  const metadata = Buffer.from(request.metadata);
  const body = new Body();
  body.file(metadataPath, metadata);
  for (const member of members) {
    checkMember(member);
    body.blob(member);
  }
  const checksums = checksumsText([
    { path: metadataPath, sha256: createHash('sha256').update(metadata).digest('hex') },
    ...members.map(({ path, blob }) => ({ path, sha256: blob.sha256 })),
  ]);
  body.file(checksumsPath, Buffer.from(checksums));
  return body.finish();
}

function checkMember({ path, blob }: ArchiveMember): void {
  checkMemberPath(path, blob.sha256);
  let raw = 0;
  let packed = 0;
  for (const segment of blob.segments) {
    raw += segment.rawLength;
    packed += segment.packedLength;
  }
  // A size that is not that of the content would break every member after this one.
  if (raw !== blob.rawSize || packed !== blob.packedSize)
    throw new Problem('blob_damaged', { name: fileName(path) });
}

/**
 * Memory for what a plan keeps. In the pool of Buffer.allocUnsafe it would lie between things that are soon of no use,
 * and hold all of them: a profile of 10,000 files took three times as much.
 */
class Slabs {
  #slab = Buffer.alloc(0);

  take(bytes: number): Buffer {
    if (bytes > this.#slab.length) this.#slab = Buffer.allocUnsafeSlow(Math.max(bytes, slabSize));
    const taken = this.#slab.subarray(0, bytes);
    this.#slab = this.#slab.subarray(bytes);
    return taken;
  }
}

/** Collects pieces; what goes inline is kept until a segment comes and then packed in as few blocks as possible. */
class Body {
  readonly #pieces: Piece[] = [];
  readonly #slabs = new Slabs();
  #offset = 0;
  #crc = 0;
  #rawLength = 0;
  #waiting: Buffer[] = [];

  constructor() {
    this.#inline(gzipHeader);
  }

  file(path: string, content: Buffer): void {
    this.#waiting.push(memberHeader(path, content.length), content, padding(content.length));
  }

  blob({ path, blob }: ArchiveMember): void {
    this.#waiting.push(memberHeader(path, blob.rawSize));
    this.#flush();
    let position = 0;
    for (const { packedLength, packedCrc, rawCrc, rawLength } of blob.segments) {
      const place = { offset: this.#offset, length: packedLength, position };
      if (packedLength > 0) this.#pieces.push({ kind: 'segment', ...place, blob, crc: packedCrc, path });
      this.#offset += packedLength;
      position += packedLength;
      this.#count(rawCrc, rawLength);
    }
    this.#waiting.push(padding(blob.rawSize));
  }

  finish(): Plan {
    // The tail begins with a block of its own, so that the bytes before it are those before its member.
    this.#flush();
    return { pieces: this.#pieces, tail: new Tail(this.#offset, this.#crc, this.#rawLength) };
  }

  #flush(): void {
    const content = Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#count(crc32(content), content.length);
    for (const block of storedBlocks(content, false, (bytes) => this.#slabs.take(bytes))) this.#inline(block);
  }

  #inline(bytes: Buffer): void {
    this.#pieces.push({ kind: 'inline', offset: this.#offset, length: bytes.length, bytes });
    this.#offset += bytes.length;
  }

  #count(crc: number, length: number): void {
    this.#crc = combineCrc32(this.#crc, crc, length);
    this.#rawLength += length;
  }
}

/** The index of the piece that holds the byte at `offset` of the body. */
export function pieceAt(pieces: readonly Piece[], offset: number): number {
  let low = 0;
  let high = pieces.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (pieces[middle]!.offset <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}
