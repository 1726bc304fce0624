/** Jobs as they are after a long time, made by the database itself. */
import type { Database } from '@osimage/database';

export interface FinishedJobs {
  readonly count: number;
  /** How long ago the last one ended; each before ended a second earlier. */
  readonly endedAgo: string;
}

/** Exports that failed, each with its attempt, what it was to pack and a name reserved for its archive. Gives their ids, oldest first. */
export async function addFinishedJobs(
  db: Database,
  { count, endedAgo }: FinishedJobs,
): Promise<readonly string[]> {
  const { rows } = await db.query<{ id: string }>(
    `with made as (
       insert into jobs (kind, state, title, created_by, created_at, started_at, ended_at, attempt, worker, step, percent,
         profile_id, filename, archive_name)
       select 'export', 'StoppedWithError', 'Export OS-image profile n', 'USERID', at, at, at + interval '1 s', 1, 'old/1',
         'failed', 100, 'n', name, name
       from generate_series(1, $1) as n,
         lateral (select now() - $2::interval - ($1 - n) * interval '1 s' as at, gen_random_uuid() || '.tar.gz' as name) v
       order by n returning id, archive_name
     ), attempts as (
       insert into job_attempts (job_id, attempt, worker, ended_at) select id, 1, 'old/1', now() from made
     ), snapshots as (
       insert into export_snapshots (job_id, metadata) select id, '{}' from made
     ), names as (
       insert into object_ids (id, kind) select archive_name, 'archive' from made
     )
     select id::text from made order by made.id`,
    [count, endedAgo],
  );
  return rows.map(({ id }) => id);
}

/** How many of these jobs, and of the rows that are theirs alone, are there. */
export async function countLeft(db: Database, ids: readonly string[]): Promise<number[]> {
  const { rows } = await db.query<{ left: number[] }>(
    `select array[
       (select count(*) from jobs where id = any($1::bigint[])),
       (select count(*) from job_attempts where job_id = any($1::bigint[])),
       (select count(*) from export_snapshots where job_id = any($1::bigint[]))]::int[] as left`,
    [ids],
  );
  return rows[0]!.left;
}

/**
 * Holds whoever removes this job there, until the function it gives is called: its snapshot's row is locked. The job
 * itself is free, as one that nobody uses.
 */
export async function holdJob(db: Database, id: string): Promise<() => Promise<void>> {
  const held = Promise.withResolvers<void>();
  const free = Promise.withResolvers<void>();
  const over = db.transaction(
    async (tx) => {
      await tx.query('select from export_snapshots where job_id = $1 for update', [id]);
      held.resolve();
      await free.promise;
    },
    { patient: true },
  );
  await Promise.race([held.promise, over]);
  return async () => {
    free.resolve();
    await over;
  };
}
