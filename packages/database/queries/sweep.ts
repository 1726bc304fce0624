/** What a sweeper looks for: rows and files that nobody will come back for. */
import type { Queryable } from '../pool.ts';
import { queuedKinds } from './jobs.ts';

// One sweeper at a time, of all packagers.
const sweepLock = 7_203_114_578;
// Removing files takes long: a lock of its own, so that jobs without a queue entry do not wait for it.
const cleanLock = 7_203_114_579;

/** Takes the sweeper's lock until the transaction ends; false when another one sweeps. */
export async function tryLockSweep(tx: Queryable): Promise<boolean> {
  const { rows } = await tx.query<{ locked: boolean }>('select pg_try_advisory_xact_lock($1) as locked', [
    sweepLock,
  ]);
  return rows[0]?.locked === true;
}

/** Takes the lock of whoever removes files until the transaction ends; false when another one does. */
export async function tryLockCleaning(tx: Queryable): Promise<boolean> {
  const { rows } = await tx.query<{ locked: boolean }>('select pg_try_advisory_xact_lock($1) as locked', [
    cleanLock,
  ]);
  return rows[0]?.locked === true;
}

/**
 * Unfinished jobs whose queue entry is gone or at its end, so that nothing will run them. An import that
 * waits for its file has none yet. `schema` and `queue` name where pg-boss keeps its entries.
 */
export async function findStrandedJobs(
  db: Queryable,
  schema: string,
  queue: string,
): Promise<{ id: string; queueId: string }[]> {
  const { rows } = await db.query<{ id: string; queueId: string }>(
    `select j.id::text, j.queue_id as "queueId" from jobs j
     left join ${schema}.job q on q.name = $1 and q.id = j.queue_id
     where j.ended_at is null and j.kind = any($2) and j.queue_id is not null
       and (q.id is null or q.state not in ('created', 'retry', 'active')
         -- No entry of ours sleeps so long: the clock was wrong when it was made, or it is from a backup.
         or (q.state <> 'active' and q.start_after > now() + interval '2 hours'))`,
    [queue, queuedKinds],
  );
  return rows;
}

/** Points a stranded job to a new queue entry; undefined: it has ended, or somebody else was first. */
export async function adoptJob(
  tx: Queryable,
  id: string,
  oldQueueId: string,
  newQueueId: string,
): Promise<{ small: boolean } | undefined> {
  const { rows } = await tx.query<{ small: boolean }>(
    `update jobs set queue_id = $3 where id = $1 and queue_id = $2 and ended_at is null
     returning small`,
    [id, oldQueueId, newQueueId],
  );
  return rows[0];
}

/** Of these job ids, those of unfinished jobs. */
export async function unfinishedJobs(db: Queryable, ids: readonly string[]): Promise<Set<string>> {
  const { rows } = await db.query<{ id: string }>(
    'select id::text from jobs where id = any($1::bigint[]) and ended_at is null',
    [ids],
  );
  return new Set(rows.map((row) => row.id));
}

/** Where the files of archives lie that these jobs made, also of jobs that are deleted. */
export async function publishedPaths(db: Queryable, jobIds: readonly string[]): Promise<string[]> {
  const { rows } = await db.query<{ path: string }>(
    'select physical_path as path from archives where job_id = any($1::bigint[]) and deleted_at is null',
    [jobIds],
  );
  return rows.map((row) => row.path);
}
