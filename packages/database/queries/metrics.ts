/** Numbers for monitoring. */
import type { Queryable } from '../pool.ts';
import { queueName, queueSchema } from '../queue-names.ts';
import type { JobKind, JobState } from './jobs.ts';

export interface JobCount {
  kind: JobKind;
  state: JobState;
  count: number;
}

/** Jobs that have not ended, by kind and state. */
export async function countUnfinishedJobs(db: Queryable): Promise<JobCount[]> {
  const { rows } = await db.query<JobCount>(
    'select kind, state, count(*) from jobs where ended_at is null group by kind, state',
  );
  return rows;
}

/** Jobs that have ended and are kept, by kind and state. Reads an index of all of them: not for every request. */
export async function countEndedJobs(db: Queryable): Promise<JobCount[]> {
  const { rows } = await db.query<JobCount>(
    'select kind, state, count(*) from jobs where ended_at is not null group by kind, state',
  );
  return rows;
}

export interface QueueState {
  /** Entries that could start and wait for a worker. */
  due: number;
  /** How long the oldest of them has been due, seconds; 0 without any. */
  oldestSeconds: number;
}

/** What waits in the queue; nothing as long as no packager has made it. */
export async function queueState(db: Queryable): Promise<QueueState> {
  const { rows } = await db.query<{ exists: boolean }>('select to_regclass($1) is not null as exists', [
    `${queueSchema}.job`,
  ]);
  if (!rows[0]?.exists) return { due: 0, oldestSeconds: 0 };
  const found = await db.query<QueueState>(
    `select count(*) as due,
       coalesce(extract(epoch from now() - min(greatest(created_on, start_after))), 0)::float8 as "oldestSeconds"
     from ${queueSchema}.job where name = $1 and state in ('created', 'retry') and start_after <= now()`,
    [queueName],
  );
  return found.rows[0]!;
}
