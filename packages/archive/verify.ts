/**
 * Checks a whole archive in one pass over its bytes, from a file or a pipe: gzip, tar, layout, the digest of
 * every member, the digest it carries of itself. Nothing is unpacked, nothing is written.
 */
import { createHash, type Hash } from 'node:crypto';
import { crc32, createInflateRaw, type InflateRaw } from 'node:zlib';
import { Problem } from '@osimage/errors';
import { digestText } from './checksums.ts';
import { locateDamage, readStoredHead } from './damage-locator.ts';
import { gzipHeader, gzipTrailer, storedBlocks, trailerLength } from './deflate.ts';
import { damaged, ExpectedMembers } from './expected-members.ts';
import { digestPath } from './layout.ts';
import { archiveFiles, type Metadata } from './metadata.ts';
import { tailContent, tailLength } from './tail.ts';
import { TarReader } from './tar-reader.ts';

export interface VerifyOptions {
  readonly signal?: AbortSignal;
  /** Told the bytes of the .tar.gz that are checked, now and then. */
  readonly onProgress?: (bytes: number) => void;
}

export interface VerifyReport {
  /** Bytes of the .tar.gz. */
  readonly size: number;
  /** Lower-case hexadecimal SHA-256 of the whole .tar.gz, to be compared with what is known of it elsewhere. */
  readonly sha256: string;
  readonly metadata: Metadata;
  /** Files of the profile, and their bytes. */
  readonly files: number;
  readonly contentSize: number;
}

/** Bytes given to zlib at once: a damage is looked for in the last of them. */
const stepSize = 128 * 1024;

/**
 * Takes the bytes of an archive. Throws Problem archive_damaged, with the path of the damaged member as
 * parameter `member` where there is one, the signal's reason, or what the source throws.
 */
export async function verifyArchive(
  source: AsyncIterable<Uint8Array>,
  { signal, onProgress }: VerifyOptions = {},
): Promise<VerifyReport> {
  const members = new ExpectedMembers();
  const unpacker = new Unpacker(members);
  const body = new BodyHash();
  try {
    for await (const chunk of source) {
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      for (let at = 0; at < bytes.length; at += stepSize) {
        signal?.throwIfAborted();
        const step = bytes.subarray(at, at + stepSize);
        body.update(step);
        await unpacker.write(step);
        onProgress?.(body.size);
      }
    }
    await unpacker.end();
  } finally {
    unpacker.close();
  }
  const { metadata } = members;
  if (!metadata || !members.complete) throw damaged(members.position, 'is missing');
  const files = archiveFiles(metadata);
  const { size, sha256 } = body.finish(members.digestText, unpacker.trailer);
  return {
    size,
    sha256,
    metadata,
    files: files.length,
    contentSize: files.reduce((sum, file) => sum + file.size, 0),
  };
}

/**
 * Inflate and the tar reader behind it. Not gunzip: that one keeps its last output to itself when the checksum at the
 * end is wrong, and with it which member is.
 */
class Unpacker {
  readonly #inflate: InflateRaw = createInflateRaw({ chunkSize: 256 * 1024 });
  /** Bytes of the gzip header still to come. */
  #headerLeft = gzipHeader.length;
  /** Bytes of the deflate stream so far. */
  #given = 0;
  #crc = 0;
  #rawLength = 0;
  readonly #members: ExpectedMembers;
  readonly #tar: TarReader;
  readonly #ended: Promise<void>;
  #failure: unknown;
  /** All bytes so far until metadata.json was read, without which no damage can be located. */
  #head: Buffer[] = [];

  constructor(members: ExpectedMembers) {
    this.#members = members;
    this.#tar = new TarReader(members);
    this.#inflate.on('data', (chunk: Buffer) => {
      this.#crc = crc32(chunk, this.#crc);
      this.#rawLength += chunk.length;
      try {
        if (this.#failure === undefined) this.#tar.write(chunk);
      } catch (error) {
        this.#failure = this.#withMember(error);
      }
    });
    this.#ended = new Promise((resolve, reject) =>
      this.#inflate.once('close', resolve).once('error', reject),
    );
    this.#ended.catch(() => {});
  }

  /** Takes the next compressed bytes; they are not needed any more when this returns. */
  async write(bytes: Buffer): Promise<void> {
    // What comes out of a damaged step may end members that are not whole.
    const begun = this.#members.metadata && {
      position: this.#members.position,
      following: this.#members.following,
    };
    if (begun) this.#head = [];
    else this.#head.push(Buffer.from(bytes));
    const packed = this.#withoutHeader(bytes);
    try {
      // After the end of the gzip stream nothing is taken any more: what stands there fails in BodyHash.
      const taken = new Promise<void>((resolve) => this.#inflate.write(packed, () => resolve()));
      await Promise.race([taken, this.#ended]);
    } catch (error) {
      throw damaged(this.#locate(bytes, begun), 'cannot be unpacked', error);
    }
    if (this.#failure !== undefined) throw this.#failure;
    // A damaged block may claim to be the last one.
    this.#given += packed.length;
    if (this.#inflate.bytesWritten < this.#given && !this.#tar.complete)
      throw damaged(this.#locate(bytes, begun), 'cannot be unpacked');
  }

  async end(): Promise<void> {
    this.#inflate.end();
    try {
      await this.#ended;
    } catch (error) {
      throw damaged(this.#members.position, 'is cut off', error);
    }
    if (this.#failure !== undefined) throw this.#failure;
    if (!this.#tar.complete)
      throw damaged(this.#members.position, 'is not followed by the rest of the archive');
    const behind = this.#given - this.#inflate.bytesWritten;
    if (behind < trailerLength) throw damaged(digestPath, 'is cut off');
    if (behind > trailerLength) throw damaged(digestPath, 'is followed by something else');
  }

  close(): void {
    this.#inflate.destroy();
  }

  /** What must stand at the end of the gzip file. */
  get trailer(): Buffer {
    return gzipTrailer(this.#crc, this.#rawLength);
  }

  #withoutHeader(bytes: Buffer): Buffer {
    const from = gzipHeader.length - this.#headerLeft;
    const header = bytes.subarray(0, this.#headerLeft);
    // Magic, method and flags; the digest of the body tells whether the rest is right.
    const fixed = gzipHeader.subarray(from, Math.max(from, 4));
    if (!fixed.subarray(0, header.length).equals(header.subarray(0, fixed.length)))
      throw damaged(this.#members.position, 'cannot be unpacked');
    this.#headerLeft -= header.length;
    return bytes.subarray(header.length);
  }

  /** The member that is damaged when zlib fails on these bytes. */
  #locate(bytes: Buffer, begun: Pick<ExpectedMembers, 'position' | 'following'> | undefined): string {
    if (begun) return locateDamage(bytes, begun.position, begun.following);
    const head = Buffer.concat(this.#head);
    const members = new ExpectedMembers();
    try {
      new TarReader(members).write(readStoredHead(head));
    } catch {
      // Then it has come as far as it can be trusted.
    }
    return locateDamage(head, members.position, members.following);
  }

  /** What is wrong with the tar stream, and where. */
  #withMember(error: unknown): unknown {
    if (!(error instanceof Problem) || error.code !== 'archive_damaged' || error.params.member) return error;
    const member = this.#members.position;
    return new Problem('archive_damaged', { detail: `${error.params.detail}, at ${member}`, member });
  }
}

/** Hashes all but the tail, whose digest the tail carries. */
class BodyHash {
  readonly #hash: Hash = createHash('sha256');
  #tail: Buffer = Buffer.alloc(0);
  /** Bytes so far. */
  size = 0;

  update(bytes: Buffer): void {
    this.size += bytes.length;
    const held = Buffer.concat([this.#tail, bytes.subarray(-tailLength)]);
    if (bytes.length > tailLength) {
      this.#hash.update(this.#tail).update(bytes.subarray(0, -tailLength));
      this.#tail = held.subarray(-tailLength);
    } else {
      const excess = Math.max(0, held.length - tailLength);
      this.#hash.update(held.subarray(0, excess));
      this.#tail = held.subarray(excess);
    }
  }

  /** Compares the tail, byte by byte, with the only one that goes with this body. */
  finish(carried: string, trailer: Buffer): { size: number; sha256: string } {
    const bodySize = this.size - tailLength;
    const bodySha256 = this.#hash.copy().digest('hex');
    if (carried !== digestText(bodySha256, bodySize))
      throw damaged(digestPath, 'does not match the bytes before it');
    const content = storedBlocks(tailContent(bodySha256, bodySize), true);
    if (!Buffer.concat([...content, trailer]).equals(this.#tail))
      throw damaged(digestPath, 'is not packed as it must be');
    return { size: this.size, sha256: this.#hash.update(this.#tail).digest('hex') };
  }
}
