/** The rows of the jobs that purge: made, taken over, and how far they are. */
import type { Queryable } from '../pool.ts';
import { findEnd, type PurgeRule, type PurgeState } from './purge.ts';

export interface NewPurge {
  readonly rule: PurgeRule;
  readonly createdBy: string;
  /** The entry of the queue under which a packager runs it; absent: its maker does, and renews the lease. */
  readonly queueId?: string;
  /** Who runs it, without a `queueId`. */
  readonly worker?: string;
  /** How long its maker may be silent, ms. */
  readonly leaseMs?: number;
}

/** Makes the job of a purge; what it removes is fixed now. One without a queue entry is in its first attempt at once. */
export async function insertPurge(tx: Queryable, purge: NewPurge): Promise<string> {
  const before = (await findEnd(tx, purge.rule)) ?? null;
  const state: PurgeState = { before, after: null, removed: 0, kept: 0, oldest: null, newest: null };
  const own = purge.queueId === undefined;
  const { rows } = await tx.query<{ id: string }>(
    `insert into jobs (kind, title, created_by, purge, queue_id, worker, lease_until, state, attempt, started_at, step)
     values ('purge', 'Remove finished jobs', $1, $2, $3, $4, now() + $5 * interval '1 ms',
       case when $6 then 'Running' else 'Pending' end, case when $6 then 1 else 0 end, case when $6 then now() end,
       case when $6 then 'starting' else 'waiting' end)
     returning id::text`,
    [purge.createdBy, state, purge.queueId ?? null, purge.worker ?? null, purge.leaseMs ?? null, own],
  );
  const { id } = rows[0]!;
  if (own)
    await tx.query('insert into job_attempts (job_id, attempt, worker) values ($1, 1, $2)', [
      id,
      purge.worker ?? '',
    ]);
  return id;
}

/** How far a purge is; undefined: it is somebody else's, or has ended. */
export async function readPurge(db: Queryable, id: string, attempt: number): Promise<PurgeState | undefined> {
  const { rows } = await db.query<{ purge: PurgeState }>(
    'select purge from jobs where id = $1 and attempt = $2 and ended_at is null',
    [id, attempt],
  );
  return rows[0]?.purge;
}

/** Writes how far a purge is, and renews its lease where it has one; false: the attempt has lost the job. */
export async function savePurge(
  tx: Queryable,
  id: string,
  attempt: number,
  state: PurgeState,
  leaseMs: number,
): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update jobs set purge = $3,
       lease_until = case when lease_until is null then null else now() + $4 * interval '1 ms' end
     where id = $1 and attempt = $2 and ended_at is null`,
    [id, attempt, state, leaseMs],
  );
  return rowCount === 1;
}

/** Gives purges whose maker has gone silent a queue entry each, which the caller must make: packagers go on with them. */
export async function adoptPurges(tx: Queryable): Promise<{ id: string; queueId: string }[]> {
  const { rows } = await tx.query<{ id: string; queueId: string }>(
    `update jobs set queue_id = gen_random_uuid(), lease_until = null
     where kind = 'purge' and ended_at is null and queue_id is null and lease_until < now()
     returning id::text, queue_id as "queueId"`,
  );
  return rows;
}
