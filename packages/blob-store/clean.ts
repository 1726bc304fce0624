/** All that can go from the store, found and removed in one way, for the sweeper and for people. */
import {
  type Database,
  type Queryable,
  sumUnusedBlobs,
  tryLockCleaning,
  tryShareFiles,
} from '@osimage/database';
import { Problem } from '@osimage/errors';
import { type CollectOptions, collectGarbage, type Freed, findOrphans } from './garbage.ts';
import { findLeftovers, removeLeftover } from './job-files.ts';
import { discard } from './store.ts';
import type { BlobStore } from './types.ts';

/** Longer than any step between writing a blob's file and committing the row that names it. */
const orphanAgeMs = 60 * 60_000;

export interface Cleaned {
  /** Stored content nothing refers to. */
  readonly unused: Freed;
  /** Blob files that no row names. */
  readonly orphans: Freed;
  /** Uploads and half-written archives of jobs that are over. */
  readonly leftovers: Freed;
}

/** What cleanStore would remove now, as far as nobody needs it meanwhile. */
export async function findGarbage(db: Database, store: BlobStore, options: CollectOptions): Promise<Cleaned> {
  return {
    unused: await sumUnusedBlobs(db, options.olderThanMs),
    orphans: sum(await findOrphans(db, store, forOrphans(options))),
    leftovers: sum(await findLeftovers(db, store, options)),
  };
}

/**
 * Removes unused content, orphaned files and leftovers of jobs; safe beside anything that runs. Only one cleans at a
 * time, and nobody while a backup copies the store: throws Problem store_busy then. Orphans are an hour old at least, whatever the options say.
 */
export async function cleanStore(db: Database, store: BlobStore, options: CollectOptions): Promise<Cleaned> {
  const clean = async (tx: Queryable): Promise<Cleaned> => {
    if (!(await tryLockCleaning(tx)) || !(await tryShareFiles(tx))) throw new Problem('store_busy');
    const leftovers = await findLeftovers(db, store, options);
    for (const leftover of leftovers) {
      options.signal?.throwIfAborted();
      await removeLeftover(store, leftover);
    }
    const unused = await collectGarbage(db, store, options);
    const orphans = await findOrphans(db, store, forOrphans(options));
    for (const orphan of orphans) {
      options.signal?.throwIfAborted();
      await discard(store, orphan);
    }
    return { unused, orphans: sum(orphans), leftovers: sum(leftovers) };
  };
  return await db.transaction(clean, { patient: true });
}

function forOrphans(options: CollectOptions): CollectOptions {
  return { ...options, olderThanMs: Math.max(options.olderThanMs, orphanAgeMs) };
}

function sum(found: readonly { bytes: number }[]): Freed {
  return { count: found.length, bytes: found.reduce((total, { bytes }) => total + bytes, 0) };
}
