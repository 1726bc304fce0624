/** How far a pass over the whole store has come, and what comes next. */
import type { Queryable } from '../pool.ts';

// Two passes at once would read everything twice and count each other's work.
const scrubLock = 7_203_114_580;

/** Takes the lock of whoever scrubs until the transaction ends; false when another one does. */
export async function tryLockScrub(tx: Queryable): Promise<boolean> {
  const { rows } = await tx.query<{ locked: boolean }>('select pg_try_advisory_xact_lock($1) as locked', [
    scrubLock,
  ]);
  return rows[0]?.locked === true;
}

export interface ScrubPass {
  startedAt: Date;
  /** Digest of the last content checked, lower-case hexadecimal; null before the first. */
  blob: string | null;
  /** Name of the last archive checked, empty before the first; null as long as content is checked. */
  archive: string | null;
  /** Checked so far, by all runs of this pass. */
  blobs: number;
  archives: number;
  bytes: number;
}

/** The pass that was stopped, or a new one where there is none or `restart` says so. A deep one is another pass. */
export async function beginPass(db: Queryable, deep: boolean, restart: boolean): Promise<ScrubPass> {
  await db.query(
    `insert into scrub_passes (deep) values ($1) on conflict (deep) do update
       set started_at = now(), ended_at = null, blob = null, archive = null, blobs = 0, archives = 0, bytes = 0
       where scrub_passes.ended_at is not null or $2`,
    [deep, restart],
  );
  const { rows } = await db.query<ScrubPass>(
    `select started_at as "startedAt", encode(blob, 'hex') as blob, archive, blobs, archives, bytes
     from scrub_passes where deep = $1`,
    [deep],
  );
  return rows[0]!;
}

export async function savePass(
  db: Queryable,
  deep: boolean,
  { blob, archive, blobs, archives, bytes }: ScrubPass,
  ended: boolean,
): Promise<void> {
  await db.query(
    `update scrub_passes set blob = decode($2, 'hex'), archive = $3, blobs = $4, archives = $5, bytes = $6,
       ended_at = case when $7 then now() end
     where deep = $1`,
    [deep, blob, archive, blobs, archives, bytes, ended],
  );
}

/** Up to `limit` contents after a digest (null: from the first), in order, and what is known to be wrong with them. */
export async function contentAfter(
  db: Queryable,
  sha256: string | null,
  limit: number,
): Promise<{ sha256: string; damage: string | null }[]> {
  const { rows } = await db.query<{ sha256: string; damage: string | null }>(
    `select encode(sha256, 'hex') as sha256, damage from blobs
     where sha256 > decode($1, 'hex') order by sha256 limit $2`,
    [sha256 ?? '', limit],
  );
  return rows;
}

/** Bytes on disk a whole pass reads. */
export async function bytesToScrub(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ bytes: number }>(
    `select ((select coalesce(sum(packed_size), 0) from blobs)
       + (select coalesce(sum(size), 0) from archives where deleted_at is null))::bigint as bytes`,
  );
  return rows[0]!.bytes;
}
