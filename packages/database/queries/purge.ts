/**
 * Which finished jobs a rule lets go, and how they go: in order of their end, so that a job goes no later than the one
 * that was started in its place. The purge is a job itself; its row keeps how far it is.
 */
import type { Queryable } from '../pool.ts';
import { removeJobs } from './jobs.ts';

/** Each limit counts by itself; one that is absent lets nothing go. */
export interface PurgeRule {
  /** Jobs that ended longer ago go, ms. */
  readonly olderThanMs?: number;
  /** So many of the jobs that ended last stay, at least 1. One that ended within the hour stays in any case. */
  readonly keep?: number;
}

/** A place in the order of ends. */
interface Position {
  /** ISO 8601, to the microsecond. */
  readonly endedAt: string;
  readonly id: number;
}

/** What was looked at. */
export interface PurgeCount {
  readonly removed: number;
  /** Looked at and left, because their archive is still here. */
  readonly kept: number;
  /** When the first and the last of those that went had ended, ISO 8601; null without any. */
  readonly oldest: string | null;
  readonly newest: string | null;
}

/** How far a purge is: in the row of its job, written with each batch. */
export interface PurgeState extends PurgeCount {
  /** What ended before this goes; null: nothing. */
  readonly before: Position | null;
  /** Everything before this was looked at; null: nothing yet. */
  readonly after: Position | null;
}

// One packager at a time asks whether a purge is due.
const purgeLock = 7_203_114_580;

/** Whoever waits for a job reads its end within this time. */
const readWithin = `interval '1 hour'`;
/** A purge by itself follows the last one after this time at the earliest. */
const restsFor = `interval '1 hour'`;

const iso = (time: string) => `to_json(${time}) #>> '{}'`;
/** Finished jobs between two positions. What still holds a slot has a worker that is letting go of a server. */
const between = `
  j.ended_at is not null and j.slot is null
  and (j.ended_at, j.id) > (coalesce($1::timestamptz, '-infinity'), $2::bigint)
  and (j.ended_at, j.id) < ($3::timestamptz, $4::bigint)`;
const hasArchive = 'exists (select from archives a where a.job_id = j.id and a.deleted_at is null)';

function range(before: Position, after: Position | null): unknown[] {
  return [after?.endedAt ?? null, after?.id ?? 0, before.endedAt, before.id];
}

/** What the rule lets go now is what ended before this; undefined: nothing. */
export async function findEnd(db: Queryable, rule: PurgeRule): Promise<Position | undefined> {
  const { rows } = await db.query<Position>(
    `with nth as (
       select ended_at, id from jobs where ended_at is not null
       order by ended_at desc, id desc offset $2::bigint - 1 limit case when $2::bigint is null then 0 else 1 end
     ), ends as (
       select now() - $1::bigint * interval '1 ms' as ended_at, 0::bigint as id where $1::bigint is not null
       union all
       select least(ended_at, now() - ${readWithin}), case when ended_at < now() - ${readWithin} then id else 0 end
       from nth
     )
     select ${iso('ended_at')} as "endedAt", id from ends order by ended_at desc, id desc limit 1`,
    [rule.olderThanMs ?? null, rule.keep ?? null],
  );
  return rows[0];
}

/** Says what the rule would remove now; removes nothing. */
export async function previewPurge(db: Queryable, rule: PurgeRule): Promise<PurgeCount> {
  const before = await findEnd(db, rule);
  if (!before) return { removed: 0, kept: 0, oldest: null, newest: null };
  const { rows } = await db.query<PurgeCount>(
    `select count(*) filter (where not kept) as removed, count(*) filter (where kept) as kept,
       ${iso('min(ended_at) filter (where not kept)')} as oldest,
       ${iso('max(ended_at) filter (where not kept)')} as newest
     from (select j.ended_at, ${hasArchive} as kept from jobs j where ${between}) found`,
    range(before, null),
  );
  return rows[0]!;
}

/** Whether it is time for a purge by itself: an hour after the last one, when there is something to remove. */
export async function isPurgeDue(tx: Queryable, rule: PurgeRule): Promise<boolean> {
  await tx.query('select pg_advisory_xact_lock($1)', [purgeLock]);
  const recent = await tx.query(
    `select from jobs where kind = 'purge' and (ended_at is null or created_at > now() - ${restsFor}) limit 1`,
  );
  if (recent.rowCount !== 0) return false;
  const before = await findEnd(tx, rule);
  if (!before) return false;
  const { rowCount } = await tx.query(
    `select from jobs j where ${between} and not ${hasArchive} order by j.ended_at, j.id limit 1`,
    range(before, null),
  );
  return rowCount === 1;
}

/**
 * Looks at the next `most` jobs and removes those that may go, in the caller's transaction. A job that somebody holds is
 * left to the next purge. Gives how far the purge is then, and whether it has looked at all.
 */
export async function removeNext(
  tx: Queryable,
  state: PurgeState,
  most: number,
): Promise<{ state: PurgeState; done: boolean }> {
  if (!state.before) return { state, done: true };
  const { rows } = await tx.query<{ id: number; ended: string; kept: boolean }>(
    `select j.id, ${iso('j.ended_at')} as ended, coalesce(a.kept, false) as kept
     from jobs j left join lateral (
       -- Looked up for each job: what exists() gives may be worked out of all archives.
       select true as kept from archives where job_id = j.id and deleted_at is null limit 1
     ) a on true
     where ${between} order by j.ended_at, j.id limit $5 for update of j skip locked`,
    [...range(state.before, state.after), most],
  );
  const last = rows.at(-1);
  if (!last) return { state, done: true };
  const gone = rows.filter(({ kept }) => !kept);
  await removeJobs(
    tx,
    gone.map(({ id }) => String(id)),
  );
  return {
    state: {
      before: state.before,
      after: { endedAt: last.ended, id: last.id },
      removed: state.removed + gone.length,
      kept: state.kept + rows.length - gone.length,
      oldest: state.oldest ?? gone[0]?.ended ?? null,
      newest: gone.at(-1)?.ended ?? state.newest,
    },
    done: rows.length < most,
  };
}
