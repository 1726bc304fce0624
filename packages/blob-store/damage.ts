/** Whether a blob's file is still what was written. */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { systemCode } from '@osimage/errors';
import { inflateSegment } from './read.ts';
import type { Blob } from './types.ts';
import { blobPath } from './write.ts';

export interface DamageOptions {
  /** Unpacks the content and compares its SHA-256 too, which finds what was wrong before it was written. */
  readonly deep?: boolean;
  readonly signal?: AbortSignal;
  /** Told of the bytes of each segment that was read; waited for, so that it can slow the reading down. */
  readonly onRead?: (bytes: number) => Promise<void>;
}

/** Reads a blob's file against its index. Gives what is wrong, `its file is missing`, or undefined when nothing is. */
export async function findDamage(
  root: string,
  blob: Blob,
  options: DamageOptions = {},
): Promise<string | undefined> {
  let file: FileHandle | undefined;
  try {
    file = await open(blobPath(root, blob), 'r');
    const { size } = await file.stat();
    if (size !== blob.packedSize) return `its file has ${size} bytes instead of ${blob.packedSize}`;
    return await compare(file, blob, options);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return 'its file is missing';
    if (systemCode(error) === 'EIO') return 'the disk cannot read its file';
    throw error;
  } finally {
    await file?.close();
  }
}

/**
 * Asked before content that comes again relies on a file of long ago, so that importing a damaged file again repairs
 * it.
 */
export async function isIntact(root: string, blob: Blob, signal?: AbortSignal): Promise<boolean> {
  return (await findDamage(root, blob, { ...(signal && { signal }) })) === undefined;
}

async function compare(
  file: FileHandle,
  blob: Blob,
  { deep, signal, onRead }: DamageOptions,
): Promise<string | undefined> {
  const longest = blob.segments.reduce((most, segment) => Math.max(most, segment.packedLength), 0);
  const buffer = Buffer.allocUnsafeSlow(longest);
  const hash = createHash('sha256');
  let offset = 0;
  for (const segment of blob.segments) {
    signal?.throwIfAborted();
    const packed = buffer.subarray(0, segment.packedLength);
    const where = `bytes ${offset} to ${offset + packed.length - 1} of its file`;
    for (let done = 0; done < packed.length; ) {
      const { bytesRead } = await file.read(packed, done, packed.length - done, null);
      if (bytesRead === 0) return `its file ends at byte ${offset + done}`;
      done += bytesRead;
    }
    if (crc32(packed) !== segment.packedCrc) return `${where} have changed`;
    if (deep) {
      const raw = await inflateSegment(packed, segment);
      if (!raw) return `${where} do not unpack to what was imported`;
      hash.update(raw);
    }
    offset += packed.length;
    await onRead?.(packed.length);
  }
  if (offset !== blob.packedSize) return 'the index of its checksums is not one of its size';
  if (deep && hash.digest('hex') !== blob.sha256) return 'its content is not what was imported';
  return undefined;
}
