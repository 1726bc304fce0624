/** Removing what nothing refers to, beside running imports and exports (design section 5). */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Database,
  deleteUnusedBlob,
  findPhysicalNames,
  findUnusedBlobs,
  unlessHeld,
} from '@osimage/database';
import { discard } from './store.ts';
import type { BlobStore } from './types.ts';

export interface CollectOptions {
  /** Younger content is left alone, ms. */
  readonly olderThanMs: number;
  readonly signal?: AbortSignal;
}

/** What was freed, or would be. */
export interface Freed {
  count: number;
  bytes: number;
}

/**
 * Removes blobs no image, file or unfinished job refers to: the row first, under a lock, and then only the file
 * that row named. Content that comes back meanwhile gets a file of its own.
 */
export async function collectGarbage(
  db: Database,
  store: BlobStore,
  options: CollectOptions,
): Promise<Freed> {
  return await collectUnused(db, store, await findUnusedBlobs(db, options.olderThanMs), options.signal);
}

/**
 * Removes those of the blobs with these digests that nothing refers to, as collectGarbage does, whatever their age. While
 * a backup copies the store they stay, to be collected later.
 */
export async function collectUnused(
  db: Database,
  store: BlobStore,
  digests: readonly string[],
  signal?: AbortSignal,
): Promise<Freed> {
  const freed = { count: 0, bytes: 0 };
  if (digests.length === 0) return freed;
  await unlessHeld(db, async () => {
    for (const sha256 of digests) {
      signal?.throwIfAborted();
      const deleted = await db.transaction((tx) => deleteUnusedBlob(tx, sha256));
      if (!deleted) continue;
      await discard(store, deleted);
      freed.count++;
      freed.bytes += deleted.packedSize;
    }
  });
  return freed;
}

/**
 * Blob files without a row, which a crash between writing and committing leaves. Told apart from one that is being
 * written by its age alone: `olderThanMs` must be more than any step between writing and committing takes.
 */
export async function findOrphans(
  db: Database,
  store: BlobStore,
  options: CollectOptions,
): Promise<{ physicalName: string; bytes: number }[]> {
  const orphans: { physicalName: string; bytes: number }[] = [];
  for (const folder of await readdir(join(store.root, 'blobs'))) {
    options.signal?.throwIfAborted();
    const path = join(store.root, 'blobs', folder);
    const old = new Map<string, number>();
    for (const name of await readdir(path)) {
      const found = await stat(join(path, name)).catch(() => undefined);
      if (found && Date.now() - found.mtimeMs >= options.olderThanMs) old.set(name, found.size);
    }
    const known = await findPhysicalNames(db, [...old.keys()]);
    for (const [physicalName, bytes] of old)
      if (!known.has(physicalName)) orphans.push({ physicalName, bytes });
  }
  return orphans;
}
