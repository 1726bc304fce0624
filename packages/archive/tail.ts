/**
 * The end of an archive: the member profile/archive.sha256, the end of the tar stream and the gzip trailer.
 * Only here do bytes depend on a digest; the length never does.
 */
import { crc32 } from 'node:zlib';
import { digestText } from './checksums.ts';
import { combineCrc32 } from './crc32-combine.ts';
import { gzipTrailer, storedBlocks, storedOverhead, trailerLength } from './deflate.ts';
import { digestPath } from './layout.ts';
import { blockLength, memberHeader, padding, tarEnd } from './tar-header.ts';

/** Always the same: one stored block with a header, one block of text and the two blocks of the end; the trailer. */
export const tailLength = storedOverhead + 2 * blockLength + tarEnd.length + trailerLength;

/** The bytes behind a body, up to the trailer. `bodySize` in bytes of the .tar.gz. */
export function tailContent(bodySha256: string, bodySize: number): Buffer {
  const text = Buffer.from(digestText(bodySha256, bodySize));
  return Buffer.concat([memberHeader(digestPath, text.length), text, padding(text.length), tarEnd]);
}

/** What has to be known of a body to write the tail, all but its digest. */
export class Tail {
  readonly bodySize: number;
  readonly #crc: number;
  readonly #rawLength: number;

  /** Takes the body's length in the .tar.gz, and CRC-32 and length of what it unpacks to. */
  constructor(bodySize: number, crc: number, rawLength: number) {
    this.bodySize = bodySize;
    this.#crc = crc;
    this.#rawLength = rawLength;
  }

  /** Exact length of the whole archive, bytes. */
  get archiveSize(): number {
    return this.bodySize + tailLength;
  }

  /** The last bytes of the archive. Takes the SHA-256 of all before them, hexadecimal. */
  bytes(bodySha256: string): Buffer {
    const content = tailContent(bodySha256, this.bodySize);
    const crc = combineCrc32(this.#crc, crc32(content), content.length);
    return Buffer.concat([
      ...storedBlocks(content, true),
      gzipTrailer(crc, this.#rawLength + content.length),
    ]);
  }
}
