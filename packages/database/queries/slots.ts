/**
 * Slots of remote file servers: how many jobs may use one at once, over all packagers. A slot is a number in the job's
 * row, unique for its server; the server's row is locked while slots are given. Who finds none waits in line, oldest
 * first, without a worker.
 */
import type { Queryable } from '../pool.ts';

/** A slot that its worker has not given back so long after the job's end is taken from it. */
const leftBehind = `interval '10 seconds'`;

export interface ServerLine {
  readonly serverId: string;
  /** Its display name. */
  readonly name: string;
  /** How many more jobs can be called now. */
  readonly room: number;
}

export interface Place {
  /** The server's line when the job must wait there; undefined when it may run. */
  readonly waitsFor: ServerLine | undefined;
}

/** A job that may use its server now, under the queue entry that must be made for it. */
export interface CalledJob {
  readonly id: string;
  readonly queueId: string;
  /** The entry it waited under. */
  readonly formerId: string;
  readonly small: boolean;
}

interface Line extends ServerLine {
  readonly most: number;
  readonly held: number;
}

/** Held by whoever was given one; called: they will come and take one. */
const counts = `
  (select count(*) from jobs where server_id = s.id and slot is not null)::int as held,
  (select count(*) from jobs where server_id = s.id and slot_line = 'called' and slot is null
     and ended_at is null)::int as called`;

async function lockLine(tx: Queryable, serverId: string, usual: number): Promise<Line | undefined> {
  const locked = await tx.query('select from servers where id = $1 for no key update', [serverId]);
  if (locked.rowCount === 0) return undefined;
  await tx.query(
    `update jobs set slot = null where server_id = $1 and slot is not null and ended_at < now() - ${leftBehind}`,
    [serverId],
  );
  return await readLine(tx, serverId, usual);
}

async function readLine(db: Queryable, serverId: string, usual: number): Promise<Line | undefined> {
  const { rows } = await db.query<{ name: string; most: number; held: number; called: number }>(
    `select display_name as name, coalesce(parallel_exports, $2::int) as most, ${counts} from servers s where id = $1`,
    [serverId, usual],
  );
  const line = rows[0];
  return line && { ...line, serverId, room: Math.max(0, line.most - line.held - line.called) };
}

/**
 * Where a job that is being created begins: it is called when there is room and nobody waits, else it waits. Nothing is
 * locked: two that are created at once may both be called, and the later claim sorts it out. `usual` is the limit of a
 * server that has none of its own. Undefined: there is no such server.
 */
export async function findRoom(tx: Queryable, serverId: string, usual: number): Promise<Place | undefined> {
  const line = await readLine(tx, serverId, usual);
  if (!line) return undefined;
  return { waitsFor: line.room === 0 || (await isWaitedFor(tx, serverId)) ? line : undefined };
}

async function isWaitedFor(db: Queryable, serverId: string): Promise<boolean> {
  const { rowCount } = await db.query(
    `select from jobs where server_id = $1 and slot_line = 'waiting' and ended_at is null limit 1`,
    [serverId],
  );
  return rowCount === 1;
}

/**
 * Gives the job a slot of the server it uses, in the transaction that claims it. A job that uses none, that holds its
 * slot from a worker that died, or whose entry is out of date, needs nothing.
 */
export async function takeSlot(tx: Queryable, id: string, queueId: string, usual: number): Promise<Place> {
  const { rows } = await tx.query<{ server_id: string; called: boolean }>(
    `select server_id, slot_line is not distinct from 'called' as called from jobs
     where id = $1 and queue_id = $2 and ended_at is null and server_id is not null and slot is null`,
    [id, queueId],
    { prepared: true },
  );
  const job = rows[0];
  const line = job && (await lockLine(tx, job.server_id, usual));
  if (!job || !line) return { waitsFor: undefined };
  // Who was not called, an old one that comes again, does not push in before those who were.
  if (job.called ? line.held >= line.most : line.room === 0) return { waitsFor: line };
  await tx.query(
    `update jobs set slot_line = null, slot = (
       select min(n) from generate_series(1, $2::int) n
       where n not in (select slot from jobs where server_id = $3 and slot is not null))
     where id = $1 and queue_id = $4 and ended_at is null`,
    [id, line.most, job.server_id, queueId],
  );
  return { waitsFor: undefined };
}

/** How many jobs use a server now or are called to, over all packagers; at least one, who asks. */
export async function countUsers(db: Queryable, serverId: string): Promise<number> {
  const { rows } = await db.query<{ held: number; called: number }>(
    `select ${counts} from servers s where id = $1`,
    [serverId],
  );
  return Math.max(1, (rows[0]?.held ?? 0) + (rows[0]?.called ?? 0));
}

/** Puts a job into the line of its server, under another queue entry; false when it has ended or is somebody else's. */
export async function waitInLine(
  tx: Queryable,
  id: string,
  queueId: string,
  newQueueId: string,
  step: string,
): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update jobs set slot_line = 'waiting', queue_id = $3, step = $4
     where id = $1 and queue_id = $2 and ended_at is null`,
    [id, queueId, newQueueId, step],
  );
  return rowCount === 1;
}

/** Calls as many of those who wait for the server as there is room for, the oldest first. */
export async function callWaiting(tx: Queryable, serverId: string, usual: number): Promise<CalledJob[]> {
  if (!(await isWaitedFor(tx, serverId))) return [];
  const line = await lockLine(tx, serverId, usual);
  if (!line || line.room === 0) return [];
  // Joined as a subselect, `next` may run again for each row of jobs when PostgreSQL thinks there are few, and each run passes
  // over those who are called already: more would be called than there is room for.
  const { rows } = await tx.query<CalledJob>(
    `with next as materialized (
       select id, queue_id from jobs where server_id = $1 and slot_line = 'waiting' and ended_at is null
       order by id limit $2 for update skip locked
     )
     update jobs j set slot_line = 'called', queue_id = gen_random_uuid(), step = 'waiting for a worker'
     from next w where j.id = w.id
     returning j.id::text, j.queue_id as "queueId", w.queue_id as "formerId", j.small`,
    [serverId, line.room],
  );
  return rows;
}

/** Gives back the slot of an attempt that has let go of its server; one that lost its job gives back nothing. */
export async function freeSlot(db: Queryable, id: string, attempt: number): Promise<void> {
  await db.query('update jobs set slot = null where id = $1 and attempt = $2 and slot is not null', [
    id,
    attempt,
  ]);
}

/** The servers somebody waits for. */
export async function serversWaitedFor(db: Queryable): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `select distinct server_id as id from jobs where slot_line = 'waiting' and ended_at is null`,
  );
  return rows.map((row) => row.id);
}
