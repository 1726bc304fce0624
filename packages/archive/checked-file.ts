/** Reads the file of a finished archive, each chunk checked before anybody sees it. */
import type { FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { Problem, systemCode } from '@osimage/errors';
import { type Chunk, chunksOf } from './chunk-index.ts';

export class CheckedFile {
  readonly #file: FileHandle;
  readonly #chunks: readonly Chunk[];
  readonly #start: number;
  readonly #end: number;
  /** In turn: the bytes given last stay as they are while the next ones are read. */
  readonly #buffers: readonly [Buffer, Buffer];
  #next = 0;

  /**
   * Takes the archive's length in bytes and its index, and which bytes are wanted, up to `end`. Throws Problem
   * archive_damaged when the index is not one of this archive. The file stays the caller's to close.
   */
  constructor(
    file: FileHandle,
    archive: { size: number; chunks: Buffer | null },
    start = 0,
    end = archive.size,
  ) {
    const chunks = chunksOf(archive.size, archive.chunks, start, end);
    if (!chunks) throw damaged('the index of its checksums is not one of its size');
    this.#file = file;
    this.#chunks = chunks;
    this.#start = start;
    this.#end = end;
    const longest = chunks.reduce((most, { length }) => Math.max(most, length), 0);
    this.#buffers = [
      Buffer.allocUnsafeSlow(longest),
      Buffer.allocUnsafeSlow(chunks.length > 1 ? longest : 0),
    ];
  }

  /**
   * The next bytes, up to about 1 MiB, undefined at the end; they stay valid until the call after the next. Throws
   * Problem archive_damaged saying where; the bytes of a damaged chunk are never given.
   */
  async read(): Promise<Buffer | undefined> {
    const chunk = this.#chunks[this.#next];
    if (!chunk) return undefined;
    const bytes = this.#buffers[this.#next % 2 === 0 ? 0 : 1].subarray(0, chunk.length);
    this.#next++;
    const { offset, length, crc } = chunk;
    await this.#fill(bytes, offset);
    if (crc !== undefined && crc32(bytes) !== crc)
      throw damaged(`bytes ${offset} to ${offset + length - 1} of its file have changed`);
    return bytes.subarray(Math.max(0, this.#start - offset), Math.min(length, this.#end - offset));
  }

  async #fill(bytes: Buffer, offset: number): Promise<void> {
    try {
      for (let done = 0; done < bytes.length; ) {
        const { bytesRead } = await this.#file.read(bytes, done, bytes.length - done, offset + done);
        if (bytesRead === 0) throw damaged(`its file ends at byte ${offset + done}`);
        done += bytesRead;
      }
    } catch (error) {
      if (systemCode(error) !== 'EIO') throw error;
      throw damaged(`the disk cannot read its file near byte ${offset}`, error);
    }
  }
}

function damaged(detail: string, cause?: unknown): Problem {
  return new Problem('archive_damaged', { detail }, { cause });
}
