/** What a store asks of its file system. */
import { open, statfs } from 'node:fs/promises';
import { Problem } from '@osimage/errors';

/** Bytes an unprivileged process may still write where `path` lies. */
export async function freeBytes(path: string): Promise<number> {
  const disk = await statfs(path);
  return disk.bavail * disk.bsize;
}

/** Makes the names in a folder survive a power cut. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Bytes of a blob's file, at most: what does not shrink grows by five bytes in 65,535. */
export function packedAtMost(rawSize: number): number {
  return Math.ceil(rawSize * 1.0001);
}

/** The refusal where there is no database to ask what could be freed; see withReclaimable. */
export function noSpace(needed: number, available: number, cause?: unknown): Problem {
  const params = { needed, available, reclaimable: 'an unknown number', where: 'the store' };
  return new Problem('no_space', params, { cause });
}
