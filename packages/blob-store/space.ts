/** What a store asks of its file system. */
import { open, statfs } from 'node:fs/promises';

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
