/**
 * Whether something fits: the one place that knows. Free is what the disk has, but for the reserve and for what
 * unfinished jobs will still write; a quota counts blobs, archives and all that unfinished jobs may occupy. A job
 * claims its bytes in its row, so jobs that run at once do not count on the same ones. All numbers are bytes.
 */
import {
  type Database,
  findExpired,
  lockSpace,
  type Queryable,
  type SpaceClaim,
  saveClaim,
  sumClaims,
  sumStored,
  sumUnusedBlobs,
} from '@osimage/database';
import { Problem } from '@osimage/errors';
import { unlimited } from './limits.ts';
import { freeBytes, packedAtMost } from './space.ts';
import type { BlobStore } from './types.ts';

/** What an import takes beyond its file and its content: predefined unattend files, folders. */
const importExtra = 64 * 1024;
const mib = 1024 * 1024;
/** One part in this many of what is left is small. */
const smallShare = 64;

/** What the import of a file takes, at most: the file as it came in and the packed blob beside it, until it ends. */
export function importClaim(size: number): number {
  return size === 0 ? 0 : size + packedAtMost(size) + importExtra;
}

/** Of a file whose length nobody told: the length to claim for when `received` bytes of it are here. */
export function nextLength(received: number): number {
  return received + Math.min(Math.max(received, mib), 64 * mib);
}

interface Shortage {
  needed: number;
  available: number;
  quota?: number;
}

/**
 * Throws Problem no_space or quota_exceeded when `needed` bytes do not fit beside what jobs have claimed. For what is
 * too small to claim anything.
 */
export async function requireRoom(db: Queryable, store: BlobStore, needed: number): Promise<void> {
  await refuse(
    db,
    store,
    await shortage(store, { claimed: needed, pending: needed }, await taken(db, store)),
  );
}

/**
 * Throws Problem no_space or quota_exceeded when the claims of these jobs, new ones of `bytes` together, do not fit
 * beside those of all others. Call it last in the transaction that makes them. A small share of what was left a second
 * ago is let in without waiting for others who ask: the job asks once more, in turn, before its first byte.
 */
export async function requireRoomFor(
  tx: Queryable,
  store: BlobStore,
  jobIds: readonly string[],
  bytes: number,
): Promise<void> {
  if (bytes === 0) return;
  if (await isAmple(tx, store, bytes)) return;
  await lockSpace(tx);
  const wanted = { claimed: bytes, pending: bytes };
  await refuse(tx, store, await shortage(store, wanted, await taken(tx, store, jobIds)));
}

/** Whether the bytes are a small share of what was left a second ago, claims of all who wait already counted. */
async function isAmple(db: Queryable, store: BlobStore, bytes: number): Promise<boolean> {
  const ample = { claimed: bytes * smallShare, pending: bytes * smallShare };
  const recent = await takenRecently(db, store);
  return (await shortage(store, ample, recent.taken, recent.free)) === undefined;
}

/**
 * Claims bytes for a job, in the place of what it had claimed before. False: the job has ended or `attempt` has lost
 * it, where that was looked at: not when it claims what is `known` to stand in its row. Throws Problem no_space or
 * quota_exceeded; the job then holds no claim any more, so that another one may fit.
 */
export async function claimRoom(
  db: Database,
  store: BlobStore,
  jobId: string,
  claim: SpaceClaim,
  attempt?: number,
  known?: SpaceClaim,
): Promise<boolean> {
  if (await isAmple(db, store, claim.claimed)) {
    if (known?.claimed === claim.claimed && known.written === claim.written) return true;
    return await saveClaim(db, jobId, claim, attempt);
  }
  const { held, short } = await db.transaction(async (tx) => {
    if (!(await saveClaim(tx, jobId, claim, attempt))) return { held: false };
    await lockSpace(tx);
    const wanted = { claimed: claim.claimed, pending: Math.max(0, claim.claimed - claim.written) };
    const short = await shortage(store, wanted, await taken(tx, store, [jobId]));
    if (short) await saveClaim(tx, jobId, { claimed: 0, written: 0 }, attempt);
    return { held: true, short };
  });
  await refuse(db, store, short);
  return held;
}

/** What others take: stored, claimed by jobs, and of that not written yet. */
interface Taken {
  stored: number;
  claimed: number;
  pending: number;
}

/** Without the claims of the jobs `except`. What is stored counts for a quota only. */
async function taken(db: Queryable, store: BlobStore, except: readonly string[] = []): Promise<Taken> {
  const claims = await sumClaims(db, except);
  if (store.limits?.quotaBytes === undefined) return { stored: 0, ...claims };
  const { blobs, archives } = await sumStored(db);
  return { stored: blobs + archives, ...claims };
}

/** The sums go over all waiting jobs and the disk's answer waits for those who write, so both are asked once a second. */
const recentMs = 1_000;
const recently = new WeakMap<BlobStore, { at: number; taken: Taken; free: number }>();

async function takenRecently(db: Queryable, store: BlobStore): Promise<{ taken: Taken; free: number }> {
  const known = recently.get(store);
  const at = performance.now();
  if (known && at - known.at < recentMs) return known;
  const now = { at, taken: await taken(db, store), free: await freeBytes(store.root) };
  recently.set(store, now);
  return now;
}

/** What is missing, or undefined when `wanted` fits. `free`: bytes of the disk, where they were asked for already. */
async function shortage(
  store: BlobStore,
  wanted: { claimed: number; pending: number },
  others: Taken,
  free?: number,
): Promise<Shortage | undefined> {
  const { quotaBytes: quota, reserveBytes } = store.limits ?? unlimited;
  if (quota !== undefined) {
    const available = Math.max(0, quota - others.stored - others.claimed);
    if (wanted.claimed > available) return { needed: wanted.claimed, available, quota };
  }
  const available = Math.max(0, (free ?? (await freeBytes(store.root))) - reserveBytes - others.pending);
  return wanted.pending > available ? { needed: wanted.pending, available } : undefined;
}

async function refuse(db: Queryable, store: BlobStore, short: Shortage | undefined): Promise<void> {
  if (!short) return;
  const reclaimable = await reclaimableBytes(db, store);
  const { needed, available, quota } = short;
  if (quota !== undefined) throw new Problem('quota_exceeded', { needed, available, quota, reclaimable });
  throw new Problem('no_space', { needed, available, reclaimable, where: 'the store' });
}

/** What `store gc --older-than 0s` and `store retention` would free now. */
async function reclaimableBytes(db: Queryable, store: BlobStore): Promise<number> {
  const expired = await findExpired(db, (store.limits ?? unlimited).retention);
  const unused = await sumUnusedBlobs(db, 0);
  return unused.bytes + expired.reduce((sum, archive) => sum + archive.size, 0);
}

/** The refusal that says the disk filled up while `needed` bytes were written. */
export async function diskFull(
  db: Queryable,
  store: BlobStore,
  needed: number,
  cause?: unknown,
): Promise<Problem> {
  const available = await freeBytes(store.root);
  const reclaimable = await reclaimableBytes(db, store);
  return new Problem('no_space', { needed, available, reclaimable, where: 'the store' }, { cause });
}

/** Gives what was thrown; a full disk, found where there is no database to ask, gets what could be freed. */
export async function withReclaimable(db: Queryable, store: BlobStore, error: unknown): Promise<unknown> {
  if (!(error instanceof Problem) || error.code !== 'no_space') return error;
  return await diskFull(db, store, Number(error.params.needed), error.cause ?? error);
}

export interface SpaceUsage {
  /** Of the disk, reserve included. */
  free: number;
  reserve: number;
  quota: number | undefined;
  blobs: number;
  archives: number;
  /** All that unfinished jobs may occupy, and what of it they have not written yet. */
  claimed: number;
  pending: number;
  /** What is left for new work. */
  available: number;
  /** Blobs nothing refers to: what `store gc` frees. */
  unused: number;
  /** What `store retention` frees. */
  expired: number;
}

/** Where the space is, and what could be freed. */
export async function spaceUsage(db: Queryable, store: BlobStore): Promise<SpaceUsage> {
  const { quotaBytes: quota, reserveBytes: reserve, retention } = store.limits ?? unlimited;
  const { claimed, pending } = await sumClaims(db);
  const { blobs, archives } = await sumStored(db);
  const free = await freeBytes(store.root);
  const onDisk = free - reserve - pending;
  const inQuota = quota === undefined ? onDisk : quota - blobs - archives - claimed;
  const available = Math.max(0, Math.min(onDisk, inQuota));
  const unused = (await sumUnusedBlobs(db, 0)).bytes;
  const expired = (await findExpired(db, retention)).reduce((sum, archive) => sum + archive.size, 0);
  return { free, reserve, quota, blobs, archives, claimed, pending, available, unused, expired };
}
