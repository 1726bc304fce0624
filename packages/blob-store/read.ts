/** The content of a blob, read back. */
import { open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { constants, crc32, inflateRaw } from 'node:zlib';
import { Problem } from '@osimage/errors';
import type { Blob, Segment } from './types.ts';
import { blobPath } from './write.ts';

const inflate = promisify(inflateRaw);

/**
 * Gives the content of a blob in pieces of a segment, checking each. `name` is what the user knows it by. Throws
 * Problem blob_damaged, or the signal's reason.
 */
export async function* readContent(
  root: string,
  blob: Blob,
  name: string,
  signal?: AbortSignal,
): AsyncGenerator<Buffer, void, void> {
  const file = await open(blobPath(root, blob), 'r').catch((cause: unknown) => {
    throw new Problem('blob_damaged', { name }, { cause });
  });
  try {
    for (const segment of blob.segments) {
      signal?.throwIfAborted();
      const packed = Buffer.allocUnsafe(segment.packedLength);
      for (let done = 0; done < packed.length; ) {
        const { bytesRead } = await file.read(packed, done, packed.length - done, null);
        if (bytesRead === 0) throw new Problem('blob_damaged', { name });
        done += bytesRead;
      }
      const raw = await inflateSegment(packed, segment);
      if (!raw) throw new Problem('blob_damaged', { name });
      yield raw;
    }
  } finally {
    await file.close();
  }
}

/** The content of a segment; undefined when the packed bytes are not those of this segment. */
export async function inflateSegment(packed: Buffer, segment: Segment): Promise<Buffer | undefined> {
  try {
    // A segment ends with a sync flush and not with a final block.
    const options = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: Math.max(1, segment.rawLength) };
    const raw = (await inflate(packed, options)) as Buffer;
    return raw.length === segment.rawLength && crc32(raw) === segment.rawCrc ? raw : undefined;
  } catch {
    return undefined;
  }
}
