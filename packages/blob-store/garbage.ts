/** Removing what nothing refers to, beside running imports and exports (design section 5). */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Database, deleteUnusedBlob, findPhysicalNames, findUnusedBlobs } from '@osimage/database';
import { type BlobStore, discard } from './store.ts';

export interface CollectOptions {
  /** Younger content is left alone, ms. */
  readonly olderThanMs: number;
  readonly signal?: AbortSignal;
}

/**
 * Removes blobs no image, file or unfinished job refers to: the row first, under a lock, and then only the file
 * that row named. Content that comes back meanwhile gets a file of its own. Gives what was freed, bytes.
 */
export async function collectGarbage(
  db: Database,
  store: BlobStore,
  options: CollectOptions,
): Promise<{ blobs: number; bytes: number }> {
  return await collectUnused(db, store, await findUnusedBlobs(db, options.olderThanMs), options.signal);
}

/** Removes those of the blobs with these digests that nothing refers to, as collectGarbage does, whatever their age. */
export async function collectUnused(
  db: Database,
  store: BlobStore,
  digests: readonly string[],
  signal?: AbortSignal,
): Promise<{ blobs: number; bytes: number }> {
  const freed = { blobs: 0, bytes: 0 };
  for (const sha256 of digests) {
    signal?.throwIfAborted();
    const deleted = await db.transaction((tx) => deleteUnusedBlob(tx, sha256));
    if (!deleted) continue;
    await discard(store, deleted);
    freed.blobs++;
    freed.bytes += deleted.packedSize;
  }
  return freed;
}

/** Removes blob files without a row, which a crash between writing and committing leaves. Gives how many. */
export async function sweepOrphans(db: Database, store: BlobStore, options: CollectOptions): Promise<number> {
  let removed = 0;
  for (const folder of await readdir(join(store.root, 'blobs'))) {
    options.signal?.throwIfAborted();
    const path = join(store.root, 'blobs', folder);
    const old: string[] = [];
    for (const name of await readdir(path)) {
      const found = await stat(join(path, name)).catch(() => undefined);
      if (found && Date.now() - found.mtimeMs >= options.olderThanMs) old.push(name);
    }
    const known = await findPhysicalNames(db, old);
    for (const physicalName of old.filter((name) => !known.has(name))) {
      await discard(store, { physicalName });
      removed++;
    }
  }
  return removed;
}
