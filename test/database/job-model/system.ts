/** The real thing under the model: the packager's job code on a real database, with a queue that only takes notes. */
import { deepStrictEqual } from 'node:assert/strict';
import type { Database } from '@osimage/database';
import type { Test } from 'tap';
import type { PackagerContext } from '../../../services/packager/context.ts';
import { openSite } from '../../support/site.ts';
import { isOver, type Model, type ModelJob, slotsPerServer } from './model.ts';

export const servers = ['one', 'two'] as const;
export const user = 'USERID';

export interface System {
  readonly context: PackagerContext;
  readonly db: Database;
  /** Entries that were added since it was asked last. */
  added(): { jobId: string; queueId: string }[];
  /** What each ended job was when it had ended. */
  readonly ends: Map<string, string>;
}

/** Opens one for `t`; `fresh` gives it without jobs. */
export async function openSystem(t: Test): Promise<{ fresh(): Promise<System> }> {
  const { context: usual, db } = await openSite(t, { SERVER_JOBS: String(slotsPerServer) });
  for (const id of servers) {
    await db.query(
      `insert into servers (id, display_name, address, port, protocol, created_by, modified_by)
       values ($1, $1, 'localhost', 22, 'SFTP', 'x', 'x')`,
      [id],
    );
  }
  return {
    async fresh() {
      await db.query('delete from jobs');
      let added: { jobId: string; queueId: string }[] = [];
      const queue: PackagerContext['queue'] = {
        ...usual.queue,
        add: async (_tx, queueId, jobId) => void added.push({ jobId, queueId }),
        drop: async () => {},
      };
      return {
        context: { ...usual, queue },
        db,
        added() {
          const news = added;
          added = [];
          return news;
        },
        ends: new Map(),
      };
    },
  };
}

interface Row extends Omit<ModelJob, 'leaseOver' | 'longOver' | 'deleted'> {
  end: string | null;
}

const rows = `
select j.id::text, kind, server_id as server, state, attempt, worker, queue_id as "queueId", slot, slot_line as line,
  bytes_done as "bytesDone", bytes_total as "bytesTotal", percent, error->>'code' as error,
  (checkpoint->>'at')::int as checkpoint, lease_until is null as fed, retried_as::text as "retriedAs",
  case when ended_at is not null then concat_ws(' ', state, ended_at, attempt, percent, bytes_done, size, error) end as "end",
  coalesce((select json_agg(json_build_object('attempt', a.attempt, 'worker', a.worker, 'ended', a.ended_at is not null,
    'error', a.error->>'code', 'progressed', a.progressed) order by a.attempt)
    from job_attempts a where a.job_id = j.id), '[]') as attempts
from jobs j order by j.id`;

/** Throws unless every row is what the model says, each job has one end at most, and no server has more than its limit. */
export async function compare(model: Model, system: System): Promise<void> {
  const found = (await system.db.query<Row>(rows)).rows;
  const wanted = model.jobs.filter(({ deleted }) => !deleted);
  deepStrictEqual(
    found.map(({ end: _, ...row }) => row),
    wanted
      .map(({ leaseOver: _, longOver: __, deleted: ___, ...job }) => ({
        ...job,
        percent: Math.fround(job.percent),
      }))
      .map((job) => ({ ...job, percent: Number(job.percent.toPrecision(7)) })),
  );
  for (const { id, end } of found) {
    if (end === null) continue;
    const first = system.ends.get(id);
    if (first === undefined) system.ends.set(id, end);
    else deepStrictEqual(end, first, `job ${id} ended twice`);
  }
  for (const server of servers) {
    const held = found.filter((job) => job.server === server && job.slot !== null);
    if (held.length > slotsPerServer) throw new Error(`${held.length} jobs use ${server}`);
  }
}

/** Notes the entries that came of a command: exactly these jobs must have got one each. */
export function takeEntries(model: Model, system: System, jobs: readonly ModelJob[]): void {
  const added = system.added();
  deepStrictEqual(
    added.map(({ jobId }) => jobId).sort(),
    jobs.map(({ id }) => id).sort(),
    'new queue entries',
  );
  for (const { jobId, queueId } of added) {
    const job = model.jobs.find(({ id }) => id === jobId)!;
    job.queueId = queueId;
    model.entries.push({ job, queueId });
  }
}

/** Unfinished jobs that wait for nobody but a worker. */
export const runnable = (model: Model): ModelJob[] =>
  model.jobs.filter((job) => !job.deleted && !isOver(job) && job.queueId !== null);
