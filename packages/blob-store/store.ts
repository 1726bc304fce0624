/** The store: one folder with blobs, uploads on their way in, and finished archives. */
import { mkdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type BlobRow,
  type Database,
  findBlobs,
  findPinnedBlobs,
  insertBlob,
  lockBlob,
  type Queryable,
  replaceBlobFile,
  unlessHeld,
} from '@osimage/database';
import { isDatabaseAway, systemCode } from '@osimage/errors';
import { isIntact } from './damage.ts';
import { unlimited } from './limits.ts';
import { requireRoom, withReclaimable } from './room.ts';
import { decodeSegments, encodeSegments } from './segment-index.ts';
import { type ContentStream, digest, type Source } from './source.ts';
import { packedAtMost } from './space.ts';
import type { Blob, BlobStore } from './types.ts';
import { blobPath, type WriteOptions, writeBlob } from './write.ts';

/** Makes the store's folders, readable by nobody else, unless they are there. */
export async function openStore(root: string, limits = unlimited): Promise<BlobStore> {
  for (const folder of ['blobs', 'staging', 'exports'])
    await mkdir(join(root, folder), { recursive: true, mode: 0o700 });
  return { root, limits };
}

/** The blobs with these digests (lower-case hexadecimal), as far as they exist. */
export async function loadBlobs(db: Queryable, sha256: readonly string[]): Promise<Map<string, Blob>> {
  return byDigest(await findBlobs(db, sha256));
}

/** As loadBlobs, for all that a job has pinned. */
export async function loadPinnedBlobs(db: Queryable, jobId: string): Promise<Map<string, Blob>> {
  return byDigest(await findPinnedBlobs(db, jobId));
}

function byDigest(rows: readonly BlobRow[]): Map<string, Blob> {
  return new Map(rows.map((row) => [row.sha256, { ...row, segments: decodeSegments(row.segments) }]));
}

/**
 * Brings content in and runs `work` in the transaction that makes it known, so that rows which refer to the
 * blob are committed with it or not at all. Content that is known already is hashed and not packed again,
 * unless its file is damaged, which this repairs. Throws Problem no_space, quota_exceeded or store_unwritable, the signal's
 * reason, or whatever `work` throws; then no file is left behind.
 */
export async function addContent<Result>(
  store: BlobStore,
  db: Database,
  source: Source,
  work: (tx: Queryable, blob: Blob) => Promise<Result>,
  options: WriteOptions = {},
): Promise<Result> {
  const known = await digest(source, options.signal);
  return await addKnownContent(store, db, source, known, work, options);
}

/**
 * As addContent, for content whose digest (lower-case hexadecimal) and length are known already, so that it may be
 * a stream; of content that is in the store nothing is read.
 */
export async function addKnownContent<Result>(
  store: BlobStore,
  db: Database,
  source: Source | ContentStream,
  known: { sha256: string; rawSize: number },
  work: (tx: Queryable, blob: Blob) => Promise<Result>,
  options: WriteOptions = {},
): Promise<Result> {
  const stored = (await loadBlobs(db, [known.sha256])).get(known.sha256);
  const damaged = stored && !(await isIntact(store.root, stored, options.signal)) ? stored : undefined;
  const found = damaged ? undefined : await reuse(db, known.sha256, work);
  if (found) {
    await options.onProgress?.(known.rawSize);
    return found.result;
  }
  const needed = packedAtMost(known.rawSize);
  await (options.room ? options.room(needed) : requireRoom(db, store, needed));
  const written = await writeBlob(store.root, source, known, options).catch(async (error: unknown) => {
    throw await withReclaimable(db, store, error);
  });
  let unneeded: Blob | undefined;
  try {
    return await db.transaction(async (tx) => {
      const blob = await register(tx, written, damaged);
      // Somebody brought the same content in meanwhile: theirs stays. A damaged file goes when ours is committed.
      unneeded = blob === written ? damaged : written;
      return await work(tx, blob);
    });
  } catch (error) {
    // A commit whose answer was lost may have happened; then the file is needed, and otherwise swept.
    unneeded = isDatabaseAway(error) ? undefined : written;
    throw error;
  } finally {
    // What cannot be removed now is swept later; the rows are committed or not whatever becomes of it.
    const file = unneeded;
    if (file === damaged && file) await unlessHeld(db, () => discard(store, file)).catch(() => {});
    else if (file) await discard(store, file).catch(() => {});
  }
}

/** Runs `work` with the blob if it exists; the row stays locked, so it cannot be collected meanwhile. */
async function reuse<Result>(
  db: Database,
  sha256: string,
  work: (tx: Queryable, blob: Blob) => Promise<Result>,
): Promise<{ result: Result } | undefined> {
  return await db.transaction(async (tx) => {
    if (!(await lockBlob(tx, sha256))) return undefined;
    const blob = (await loadBlobs(tx, [sha256])).get(sha256);
    return blob && { result: await work(tx, blob) };
  });
}

/**
 * Makes a written blob known, or gives the one that is: its row is locked until the transaction ends. Where that
 * one has the `damaged` file, the written one takes its place.
 */
async function register(tx: Queryable, written: Blob, damaged: Blob | undefined): Promise<Blob> {
  const row = { ...written, segments: encodeSegments(written.segments) };
  const physicalName = await insertBlob(tx, row);
  if (physicalName === written.physicalName) return written;
  if (physicalName === damaged?.physicalName) {
    await replaceBlobFile(tx, row);
    return written;
  }
  const stored = (await loadBlobs(tx, [written.sha256])).get(written.sha256);
  if (!stored) throw new Error(`blob ${written.sha256} is locked and yet gone`);
  return stored;
}

/** Removes a blob's file, if it is there. */
export async function discard(store: BlobStore, blob: Pick<Blob, 'physicalName'>): Promise<void> {
  await unlink(blobPath(store.root, blob)).catch((error: unknown) => {
    if (systemCode(error) !== 'ENOENT') throw error;
  });
}
