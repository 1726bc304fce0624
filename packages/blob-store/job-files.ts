/** Uploads and half-written archives whose job is over: a crash leaves them, and nobody comes back for them. */
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Database, publishedPaths, unfinishedJobs } from '@osimage/database';
import type { CollectOptions } from './garbage.ts';
import type { BlobStore } from './types.ts';

/** A file or a folder of a job that is over. */
interface Leftover {
  /** Relative to the store's folder. */
  readonly path: string;
  readonly bytes: number;
}

/** Finds what lies in staging/ and exports/ for no unfinished job and behind no archive. */
export async function findLeftovers(
  db: Database,
  store: BlobStore,
  { olderThanMs, signal }: CollectOptions,
): Promise<Leftover[]> {
  const found: Leftover[] = [];
  for (const folder of ['staging', 'exports']) {
    const old: string[] = [];
    for (const name of await readdir(join(store.root, folder))) {
      signal?.throwIfAborted();
      // The file of a job, or of one of its attempts.
      if (/^\d+(-\d+)?$/.test(name) && (await isOlder(join(store.root, folder, name), olderThanMs)))
        old.push(name);
    }
    const ids = old.map(jobOf);
    const unfinished = await unfinishedJobs(db, ids);
    const published = await publishedPaths(db, ids);
    for (const name of old.filter((name) => !unfinished.has(jobOf(name)))) {
      const path = join(folder, name);
      for (const unneeded of await unneededIn(store.root, path, published))
        found.push({ path: unneeded, bytes: await bytesOf(join(store.root, unneeded)) });
    }
  }
  return found;
}

/** Removes what findLeftovers found. */
export async function removeLeftover(store: BlobStore, { path }: Leftover): Promise<void> {
  await rm(join(store.root, path), { recursive: true, force: true });
}

/** The path itself, or only the attempts in it that were not published. */
async function unneededIn(root: string, path: string, published: readonly string[]): Promise<string[]> {
  const isWanted = (folder: string) => published.some((file) => file.startsWith(`${folder}/`));
  if (!isWanted(path)) return [path];
  const attempts = await readdir(join(root, path)).catch(() => []);
  return attempts.map((attempt) => join(path, attempt)).filter((attempt) => !isWanted(attempt));
}

function jobOf(name: string): string {
  return name.split('-', 1)[0] ?? '';
}

async function isOlder(path: string, ms: number): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && Date.now() - found.mtimeMs >= ms;
}

/** Bytes of a file, or of all files below a folder; what goes meanwhile counts nothing. */
export async function bytesOf(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isDirectory()) return found?.size ?? 0;
  let bytes = 0;
  for (const name of await readdir(path).catch(() => [])) bytes += await bytesOf(join(path, name));
  return bytes;
}
