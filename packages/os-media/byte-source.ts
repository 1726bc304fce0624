/**
 * A file of unknown content, on the disk or in memory, read piece by piece: never outside of it, never more often than a real file
 * needs, so that a crafted one cannot keep a worker busy.
 */
import { open } from 'node:fs/promises';
import { Problem } from '@osimage/errors';

/** What is checked, for the words of an error. */
export interface Subject {
  /** Name the user knows the file by. */
  readonly name: string;
  /** Image type of the contract, section 5.1. */
  readonly type: string;
}

export interface ByteSource {
  /** Bytes in the file. */
  readonly size: number;
  /** Exactly `length` bytes at `offset`; throws Problem wrong_content where the file has none. */
  read(offset: number, length: number): Promise<Buffer>;
  /** The Problem that this file is not what its type says; `detail` must not quote its content. */
  wrong(detail: string): Problem;
}

// A lookup in a real image takes some dozens of reads.
const maxReads = 4_096;

/**
 * Opens the file at a path for `work` and closes it at the end, or gives it the bytes in memory. Aborts between two
 * reads with the signal's reason.
 */
export async function withByteSource<Result>(
  content: string | Buffer,
  subject: Subject,
  signal: AbortSignal | undefined,
  work: (source: ByteSource) => Promise<Result>,
): Promise<Result> {
  signal?.throwIfAborted();
  const wrong = (detail: string) => new Problem('wrong_content', { ...subject, detail });
  if (typeof content !== 'string') {
    const read = async (offset: number, length: number): Promise<Buffer> => {
      if (offset < 0 || length < 0 || offset + length > content.length) throw wrong('it ends too early');
      return content.subarray(offset, offset + length);
    };
    return await work({ size: content.length, read, wrong });
  }
  const file = await open(content, 'r');
  try {
    const { size } = await file.stat();
    let reads = 0;
    const read = async (offset: number, length: number): Promise<Buffer> => {
      signal?.throwIfAborted();
      if (offset < 0 || length < 0 || offset + length > size) throw wrong('it ends too early');
      if (++reads > maxReads) throw wrong('its folders are damaged');
      const buffer = Buffer.alloc(length);
      let filled = 0;
      while (filled < length) {
        const { bytesRead } = await file.read(buffer, filled, length - filled, offset + filled);
        if (bytesRead === 0) throw wrong('it ends too early');
        filled += bytesRead;
      }
      return buffer;
    };
    return await work({ size, read, wrong });
  } finally {
    await file.close();
  }
}
