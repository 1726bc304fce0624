/** Content of any size that takes little time to make and packs to a quarter. */
import { randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';

const mebibyte = 1024 * 1024;
const blockBytes = 64 * mebibyte;

const none = Buffer.alloc(0);

/** Writes `size` bytes between `head` and `tail`: of each MiB a quarter is random, the rest zeros, and again after 64 MiB. */
export async function writeContent(
  path: string,
  size: number,
  head: Uint8Array = none,
  tail: Uint8Array = none,
): Promise<void> {
  const block = Buffer.alloc(Math.min(size, blockBytes));
  for (let at = 0; at < block.length; at += mebibyte) randomBytes(mebibyte / 4).copy(block, at);
  const file = await open(path, 'w');
  try {
    await file.write(head);
    for (let at = 0; at < size; at += block.length)
      await file.write(block, 0, Math.min(block.length, size - at), head.length + at);
    await file.write(tail, 0, tail.length, head.length + size);
  } finally {
    await file.close();
  }
}
