/** Whether a blob's file is still what was written. */
import { type FileHandle, open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { systemCode } from '@osimage/errors';
import type { Blob } from './types.ts';
import { blobPath } from './write.ts';

/**
 * Reads a blob's file against its index; false when it is gone, cut, longer, unreadable or changed. Asked before
 * content that comes again relies on a file of long ago, so that importing a damaged file again repairs it.
 */
export async function isIntact(root: string, blob: Blob, signal?: AbortSignal): Promise<boolean> {
  let file: FileHandle | undefined;
  try {
    file = await open(blobPath(root, blob), 'r');
    if ((await file.stat()).size !== blob.packedSize) return false;
    return await matches(file, blob, signal);
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'EIO') return false;
    throw error;
  } finally {
    await file?.close();
  }
}

async function matches(file: FileHandle, blob: Blob, signal?: AbortSignal): Promise<boolean> {
  const longest = blob.segments.reduce((most, segment) => Math.max(most, segment.packedLength), 0);
  const buffer = Buffer.allocUnsafeSlow(longest);
  for (const { packedLength, packedCrc } of blob.segments) {
    signal?.throwIfAborted();
    for (let done = 0; done < packedLength; ) {
      const { bytesRead } = await file.read(buffer, done, packedLength - done, null);
      if (bytesRead === 0) return false;
      done += bytesRead;
    }
    if (crc32(buffer.subarray(0, packedLength)) !== packedCrc) return false;
  }
  return true;
}
