/** Jobs as callers see them: create, read, list, cancel, delete. What a worker writes is in attempts.ts. */
import { notFound, Problem, type ProblemReport } from '@osimage/errors';
import type { Queryable } from '../pool.ts';

export type JobKind = 'export' | 'import' | 'purge';
export type JobState = 'Pending' | 'Running' | 'Complete' | 'StoppedWithError' | 'Cancelled' | 'Interrupted';

/** Kinds that run from the queue. What a later version runs there is left to it. */
export const queuedKinds: readonly JobKind[] = ['export', 'import', 'purge'];

/** Told to every packager when a job must stop; the payload is the job's id. */
export const stopChannel = 'osimage_job_stop';

export interface AttemptRow {
  attempt: number;
  worker: string;
  started_at: Date;
  ended_at: Date | null;
  error: ProblemReport | null;
}

export interface JobRow {
  id: string;
  kind: JobKind;
  state: JobState;
  title: string;
  created_by: string;
  created_at: Date;
  started_at: Date | null;
  ended_at: Date | null;
  attempt: number;
  step: string;
  bytes_done: number;
  bytes_total: number;
  percent: number;
  error: ProblemReport | null;
  profile_id: string | null;
  server_id: string | null;
  target_path: string | null;
  filename: string | null;
  final_path: string | null;
  size: number | null;
  sha256: string | null;
  object_id: string | null;
  /** Sentences about how it was done. */
  notes: string[];
  /** The job that runs in the place of this one. */
  retried_as: string | null;
  attempts: AttemptRow[];
}

const jobColumns = `
  j.id::text, j.kind, j.state, j.title, j.created_by, j.created_at, j.started_at, j.ended_at, j.attempt,
  j.step, j.bytes_done, j.bytes_total, j.percent, j.error, j.profile_id, j.server_id, j.target_path,
  j.filename, j.final_path, j.size, encode(j.sha256, 'hex') as sha256, j.object_id, j.notes, j.retried_as::text,
  coalesce((select json_agg(json_build_object('attempt', a.attempt, 'worker', a.worker,
      'started_at', a.started_at, 'ended_at', a.ended_at, 'error', a.error) order by a.attempt)
    from job_attempts a where a.job_id = j.id), '[]') as attempts`;

/** Dates inside json_agg arrive as text. */
function withDates(row: JobRow): JobRow {
  const attempts = row.attempts.map((attempt) => ({
    ...attempt,
    started_at: new Date(attempt.started_at),
    ended_at: attempt.ended_at && new Date(attempt.ended_at),
  }));
  return { ...row, attempts };
}

/** A job id as callers write it: decimal digits. Anything else cannot exist. */
function isJobId(id: string): boolean {
  return /^[1-9]\d{0,17}$/.test(id);
}

/** Gives the jobs in the order asked for; throws Problem not_found when one does not exist. */
export async function findJobs(db: Queryable, ids: readonly string[]): Promise<JobRow[]> {
  const found = await findJobsById(db, ids);
  return ids.map((id) => requireJob(found.get(id), id));
}

/** Gives the job that was found under an id; throws Problem not_found when there is none. */
export function requireJob(job: JobRow | undefined, id: string): JobRow {
  if (!job) throw notFound('job', id.slice(0, 40));
  return job;
}

/**
 * Those of the jobs that exist, by id. The ids stand in a query of their own, which hides from PostgreSQL how many they are:
 * it would think a plan for one id better than any for some, and plan anew each time, which takes longer than the finding.
 */
export async function findJobsById(db: Queryable, ids: readonly string[]): Promise<Map<string, JobRow>> {
  const { rows } = await db.query<JobRow>(
    `select ${jobColumns} from jobs j where j.id = any((select $1::bigint[])::bigint[])`,
    [ids.filter(isJobId)],
    { prepared: true },
  );
  return new Map(rows.map((row) => [row.id, withDates(row)]));
}

export interface JobFilter {
  states?: readonly JobState[];
  kinds?: readonly JobKind[];
  createdBy?: string;
  since?: Date;
  /** Only jobs older than this one. */
  before?: string;
  limit: number;
}

/** Newest first. */
export async function listJobs(db: Queryable, filter: JobFilter): Promise<JobRow[]> {
  const { rows } = await db.query<JobRow>(
    `select ${jobColumns} from jobs j
     where ($1::bigint is null or j.id < $1)
       and ($2::text[] is null or j.state = any($2))
       and ($3::text[] is null or j.kind = any($3))
       and ($4::text is null or j.created_by = $4)
       and ($5::timestamptz is null or j.created_at >= $5)
     order by j.id desc limit $6`,
    [
      filter.before ?? null,
      filter.states?.length ? filter.states : null,
      filter.kinds?.length ? filter.kinds : null,
      filter.createdBy ?? null,
      filter.since ?? null,
      filter.limit,
    ],
  );
  return rows.map(withDates);
}

export interface NewJob {
  kind: JobKind;
  title: string;
  createdBy: string;
  requestId: string;
  profileId?: string;
  serverId?: string;
  targetPath?: string;
  filename?: string;
  queueId?: string;
  import?: { imageType: string; fileSize: number; byContent?: boolean };
  /** How long an import may wait for its file, ms. */
  leaseMs?: number;
  /** What the archive is called in a folder. */
  archiveName?: string;
  /** Bytes of the store it may take until it ends. */
  spaceClaimed?: number;
  /** Small jobs do not wait behind large ones. */
  small?: boolean;
  /** Whether there is room on its server; absent: it uses none. */
  slotLine?: 'waiting' | 'called';
  /** What it waits for; absent: a worker. */
  step?: string;
}

/** Gives the id of the new job. */
export async function insertJob(tx: Queryable, job: NewJob): Promise<string> {
  const { rows } = await tx.query<{ id: string }>(
    `insert into jobs (kind, title, created_by, request_id, profile_id, server_id, target_path, filename,
       queue_id, import, lease_until, space_claimed, small, slot_line, step, archive_name)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, now() + $11 * interval '1 ms', $12, $13, $14,
       coalesce($15, 'waiting'), $16)
     returning id::text`,
    [
      job.kind,
      job.title,
      job.createdBy,
      job.requestId,
      job.profileId ?? null,
      job.serverId ?? null,
      job.targetPath ?? null,
      job.filename ?? null,
      job.queueId ?? null,
      job.import ?? null,
      job.leaseMs ?? null,
      job.spaceClaimed ?? 0,
      job.small ?? false,
      job.slotLine ?? null,
      job.step ?? null,
      job.archiveName ?? null,
    ],
    { prepared: true },
  );
  return rows[0]!.id;
}

export interface CancelledJob {
  readonly id: string;
  /** The queue entry nobody needs any more; null where a worker has the job, or where it has none. */
  readonly waitedAs: string | null;
}

/**
 * Cancels those of the jobs that are not finished, and tells their workers. Gives those it cancelled.
 * The row is final at once; the worker stops when it hears of it, and can no longer publish anything.
 */
export async function cancelJobs(tx: Queryable, ids: readonly string[], by: string): Promise<CancelledJob[]> {
  const error = new Problem('cancelled', { by }).toJSON();
  const { rows } = await tx.query<CancelledJob>(
    `update jobs set state = 'Cancelled', ended_at = now(), cancelled_by = $2, error = $3, percent = 100,
       step = 'cancelled', lease_until = null
     where id = any($1::bigint[]) and ended_at is null
     returning id::text, case when not exists (
       select from job_attempts a where a.job_id = jobs.id and a.ended_at is null) then queue_id end as "waitedAs"`,
    [ids, by, error],
  );
  const cancelled = rows.map(({ id }) => id);
  await tx.query('delete from job_blobs where job_id = any($1::bigint[])', [cancelled]);
  await tx.query(
    'update job_attempts set ended_at = now(), error = $2 where job_id = any($1::bigint[]) and ended_at is null',
    [cancelled, error],
  );
  await tx.query(`select pg_notify('${stopChannel}', id) from unnest($1::text[]) as id`, [cancelled]);
  return rows;
}

/** Deletes finished jobs, all or none; their archives stay. Throws Problem not_found or job_not_finished. */
export async function deleteJobs(tx: Queryable, ids: readonly string[]): Promise<void> {
  const jobs = await findJobs(tx, ids);
  const unfinished = jobs.find((job) => job.ended_at === null);
  if (unfinished) throw new Problem('job_not_finished', { id: unfinished.id });
  await removeJobs(tx, ids);
}

/** Removes the rows of finished jobs, and all that is theirs alone. */
export async function removeJobs(tx: Queryable, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  // A name that was reserved for an archive that never came is free again. Only what the service named: a name that was
  // asked for on a file server may be reserved for another job.
  await tx.query(
    `delete from object_ids o using jobs j
     where j.id = any($1::bigint[]) and j.kind = 'export' and o.id = coalesce(j.archive_name, j.filename)
       and o.kind = 'archive' and not exists (select from archives a where a.id = o.id)`,
    [ids],
  );
  await tx.query('delete from jobs where id = any($1::bigint[])', [ids]);
}
