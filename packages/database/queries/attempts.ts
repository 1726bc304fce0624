/**
 * What a worker writes about its job. Every statement carries the attempt it was given and does nothing
 * when the job has ended or went to another worker meanwhile (design section 6).
 */
import type { ProblemReport } from '@osimage/errors';
import type { Queryable } from '../pool.ts';
import { type JobKind, type JobState, queuedKinds } from './jobs.ts';
import type { SpaceClaim } from './space.ts';

export interface ImportParameters {
  imageType: string;
  name: string;
  os: string;
  osrelease: string;
  description: string;
  /** Bytes in the staging file; of a file that is still to be fetched, as announced, 0 when not known. */
  size: number;
  /** What an archive does when an id or a name of it is taken by other content; absent: fail. */
  onConflict?: OnConflict;
  /** Of an archive: everything is verified and nothing kept. */
  check?: boolean;
}

export type OnConflict = 'fail' | 'replace' | 'rename';

export interface ClaimedJob {
  id: string;
  kind: JobKind;
  attempt: number;
  created_by: string;
  created_at: Date;
  request_id: string;
  profile_id: string | null;
  server_id: string | null;
  target_path: string | null;
  filename: string | null;
  /** Of an export: what the archive is called in a folder; null when the job was accepted before names were kept. */
  archive_name: string | null;
  /** What the attempts before this one have reached. */
  bytes_done: number;
  import: ImportParameters | null;
  /** Of a delivery: what an earlier attempt proved to be on the server. */
  checkpoint: Record<string, string | number | boolean> | null;
  /** Small jobs do not wait behind large ones. */
  small: boolean;
  /** Bytes of the store it may take until it ends, and those it has written. */
  space_claimed: number;
  space_written: number;
  /** Attempts that ended because their worker vanished, this one's predecessors. */
  lost: number;
  /** Attempts that ended with a failure worth retrying, since one last got further than those before it. */
  failed: number;
}

/**
 * Gives the job to `worker` under a new attempt number, or undefined when it has ended, this queue entry is not the
 * row's present one, or it is of a kind that only a later version knows. An attempt still open belonged to a worker that vanished.
 */
export async function claimJob(
  tx: Queryable,
  id: string,
  queueId: string,
  worker: string,
  lostError: ProblemReport,
): Promise<ClaimedJob | undefined> {
  const job = await claim(tx, id, queueId, worker, false);
  return job && { ...job, ...(job.attempt > 1 ? await settleEarlier(tx, job, lostError) : noneEarlier) };
}

/**
 * As claimJob, for the first attempt at a job that uses no server, which most are: one statement that needs no
 * transaction around it. Undefined where it is another one.
 */
export async function claimFirst(
  db: Queryable,
  id: string,
  queueId: string,
  worker: string,
): Promise<ClaimedJob | undefined> {
  const job = await claim(db, id, queueId, worker, true);
  return job && { ...job, ...noneEarlier };
}

type Earlier = Pick<ClaimedJob, 'lost' | 'failed'>;
const noneEarlier: Earlier = { lost: 0, failed: 0 };

async function claim(
  db: Queryable,
  id: string,
  queueId: string,
  worker: string,
  firstOnly: boolean,
): Promise<Omit<ClaimedJob, keyof Earlier> | undefined> {
  const { rows } = await db.query<Omit<ClaimedJob, keyof Earlier>>(
    // An attempt begins at the time of the statement: that of the transaction may have waited for the server's slots.
    `with claimed as (
       update jobs set state = 'Running', attempt = attempt + 1, worker = $3,
         started_at = coalesce(started_at, now()), step = 'starting'
       where id = $1 and queue_id = $2 and ended_at is null and kind = any($4)
         and (not $5 or (attempt = 0 and server_id is null))
       returning *
     ), begun as (
       insert into job_attempts (job_id, attempt, worker, started_at)
       select id, attempt, worker, clock_timestamp() from claimed
     )
     select id::text, kind, attempt, created_by, created_at, request_id, profile_id, server_id, target_path, filename,
       import, checkpoint, archive_name, bytes_done, small, space_claimed, space_written from claimed`,
    [id, queueId, worker, queuedKinds, firstOnly],
    { prepared: true },
  );
  return rows[0];
}

/** Ends attempts whose worker vanished, and counts how those before this one ended. */
async function settleEarlier(
  tx: Queryable,
  { id, attempt }: Pick<ClaimedJob, 'id' | 'attempt'>,
  lostError: ProblemReport,
): Promise<Earlier> {
  await tx.query(
    'update job_attempts set ended_at = now(), error = $3 where job_id = $1 and attempt < $2 and ended_at is null',
    [id, attempt, lostError],
  );
  const { rows } = await tx.query<Earlier>(
    `select count(*) filter (where error->>'code' = $2)::int as lost,
       count(*) filter (where error is not null and error->>'code' <> $2 and attempt > coalesce(
         (select max(attempt) from job_attempts where job_id = $1 and progressed), 0))::int as failed
     from job_attempts where job_id = $1`,
    [id, lostError.code],
  );
  return rows[0]!;
}

export interface Progress {
  step: string;
  bytesDone: number;
  bytesTotal: number;
  /** Absent: as it was. */
  space?: SpaceClaim | undefined;
}

/**
 * Writes progress; false when the attempt has lost the job. Neither bytes nor per cent ever go back, also
 * when a new attempt starts over; 100 is kept for the end (contract, 10.2).
 */
export async function saveProgress(
  db: Queryable,
  id: string,
  attempt: number,
  progress: Progress,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `update jobs set step = $3, bytes_total = $5, bytes_done = greatest(bytes_done, least($4::bigint, $5)),
       percent = greatest(percent, case when $5::bigint > 0 then least(99, 1 + 98 * $4::real / $5) else 1 end),
       space_claimed = coalesce($6, space_claimed), space_written = coalesce($7, space_written)
     where id = $1 and attempt = $2 and ended_at is null`,
    [
      id,
      attempt,
      progress.step,
      progress.bytesDone,
      progress.bytesTotal,
      progress.space?.claimed ?? null,
      progress.space?.written ?? null,
    ],
    { prepared: true },
  );
  return rowCount === 1;
}

/** Keeps a delivery's checkpoint, or none; false when the attempt has lost the job. */
export async function saveCheckpoint(
  db: Queryable,
  id: string,
  attempt: number,
  checkpoint: Readonly<Record<string, string | number | boolean>> | undefined,
): Promise<boolean> {
  const { rowCount } = await db.query(
    'update jobs set checkpoint = $3 where id = $1 and attempt = $2 and ended_at is null',
    [id, attempt, checkpoint === undefined ? null : JSON.stringify(checkpoint)],
  );
  return rowCount === 1;
}

/**
 * What became of an attempt: it holds its job, the job was cancelled under it (what it has begun is its own to
 * remove), or it lost the job (what lies there may be its successor's).
 */
export async function attemptState(
  db: Queryable,
  id: string,
  attempt: number,
): Promise<'held' | 'cancelled' | 'lost'> {
  const { rows } = await db.query<{ state: JobState; attempt: number }>(
    'select state, attempt from jobs where id = $1',
    [id],
  );
  const job = rows[0];
  if (!job || job.attempt !== attempt) return 'lost';
  if (job.state === 'Cancelled') return 'cancelled';
  return job.state === 'Running' || job.state === 'Pending' ? 'held' : 'lost';
}

export interface Outcome {
  state: Exclude<JobState, 'Pending' | 'Running' | 'Cancelled'>;
  step: string;
  error?: ProblemReport;
  filename?: string;
  finalPath?: string;
  size?: number;
  sha256?: string;
  objectId?: string;
  /** Sentences. */
  notes?: readonly string[];
}

/**
 * Ends the job. False, and nothing written, when the attempt has lost it: what was made must then not
 * become visible, so the caller rolls back.
 */
export async function endJob(tx: Queryable, id: string, attempt: number, outcome: Outcome): Promise<boolean> {
  const { rowCount } = await tx.query(
    `with ended as (
       update jobs set state = $3, step = $4, error = $5, ended_at = now(), percent = 100,
         bytes_total = case when $3 = 'Complete' then coalesce($8::bigint, bytes_total) else bytes_total end,
         bytes_done = case when $3 = 'Complete' then coalesce($8::bigint, bytes_total) else bytes_done end,
         filename = coalesce($6, filename), final_path = $7, size = $8, sha256 = decode($9, 'hex'), object_id = $10,
         notes = $11, checkpoint = null, slot = null
       where id = $1 and attempt = $2 and ended_at is null
       returning id, attempt
     ), unpinned as (
       delete from job_blobs where job_id = (select id from ended)
     ), last as (
       update job_attempts set ended_at = now(), error = $5
       where job_id = (select id from ended) and attempt = (select attempt from ended)
     )
     select from ended`,
    [
      id,
      attempt,
      outcome.state,
      outcome.step,
      outcome.error ?? null,
      outcome.filename ?? null,
      outcome.finalPath ?? null,
      outcome.size ?? null,
      outcome.sha256 ?? null,
      outcome.objectId ?? null,
      outcome.notes ?? [],
    ],
    { prepared: true },
  );
  return rowCount === 1;
}

async function endAttempt(
  tx: Queryable,
  id: string,
  attempt: number,
  error?: ProblemReport,
  progressed = false,
): Promise<void> {
  await tx.query(
    'update job_attempts set ended_at = now(), error = $3, progressed = $4 where job_id = $1 and attempt = $2',
    [id, attempt, error ?? null, progressed],
    { prepared: true },
  );
}

/**
 * Gives the job back to the queue under another entry: after a failure worth retrying (with `error`), or
 * because this worker stops. `progressed`: it got further than all attempts before it. False when the attempt has
 * lost the job.
 */
export async function requeueJob(
  tx: Queryable,
  id: string,
  attempt: number,
  queueId: string,
  step: string,
  error?: ProblemReport,
  progressed = false,
): Promise<boolean> {
  const { rowCount } = await tx.query(
    // What it has written is removed, but for the file of an upload. Handed back, it keeps its place at its server.
    `update jobs set queue_id = $3, step = $4, slot = null,
       slot_line = case when slot is not null and $5 then 'called' end,
       space_written = case when kind = 'import' and server_id is null then space_written else 0 end
     where id = $1 and attempt = $2 and ended_at is null`,
    [id, attempt, queueId, step, error === undefined],
  );
  if (rowCount !== 1) return false;
  await endAttempt(tx, id, attempt, error, progressed);
  return true;
}

/** Adds sentences to those of a job that this attempt had, also when it has ended. */
export async function addNotes(
  db: Queryable,
  id: string,
  attempt: number,
  notes: readonly string[],
): Promise<void> {
  await db.query('update jobs set notes = notes || $3::text[] where id = $1 and attempt = $2', [
    id,
    attempt,
    notes,
  ]);
}

/** Whether the job has ended, in whatever way. A job that was deleted has. */
export async function hasEnded(db: Queryable, id: string): Promise<boolean> {
  const { rowCount } = await db.query('select from jobs where id = $1 and ended_at is null', [id]);
  return rowCount === 0;
}
