/** Whatever happens to the dispatcher's tables: an unfinished job is run, by one worker at a time, to its end. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { claimJob, createAuditTrail, type Database, endJob, findJobs, insertJob } from '@osimage/database';
import { Problem } from '@osimage/errors';
import { loadSettings } from '@osimage/settings';
import { createLogger } from '@osimage/telemetry';
import t, { type Test } from 'tap';
import type { PackagerContext } from '../../services/packager/context.ts';
import { openQueue } from '../../services/packager/jobs/queue.ts';
import { Runner } from '../../services/packager/jobs/run.ts';
import { sweepRows } from '../../services/packager/jobs/sweep.ts';
import { createTestDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';

const lost = new Problem('worker_lost', { times: 1 }).toJSON();

/** As much of a packager as deals with queue and rows; its jobs are claimed and ended, and do nothing. */
async function open(t: Test, database?: Database) {
  const db = database ?? (await createTestDatabase(t)).db;
  const log = createLogger('test', 'silent');
  const queue = await openQueue(db, log);
  t.teardown(() => queue.close());
  const dataDir = await mkdtemp(join(tmpdir(), 'osimage-queue-'));
  t.teardown(() => rm(dataDir, { recursive: true }));
  const settings = loadSettings({ DATA_DIR: dataDir });
  const audit = createAuditTrail(db, log);
  const context = { settings, db, queue, log, audit, worker: 'test' } as unknown as PackagerContext;
  return {
    context,
    db,
    async add(): Promise<{ id: string; queueId: string }> {
      const queueId = randomUUID();
      return await db.transaction(async (tx) => {
        const order = { kind: 'export', title: 't', createdBy: 'x', requestId: '', queueId } as const;
        const id = await insertJob(tx, order);
        await queue.add(tx, queueId, id);
        return { id, queueId };
      });
    },
    /** Starts two workers; they run what `job` says. */
    async work(job: (id: string, attempt: number) => Promise<void> = async () => {}) {
      await queue.work(2, async (jobId, queueId) => {
        const claimed = await claimJob(db, jobId, queueId, 'w', lost);
        if (!claimed) return;
        await job(jobId, claimed.attempt);
        await endJob(db, jobId, claimed.attempt, { state: 'Complete', step: 'done' });
      });
    },
    /** Sweeps until all these jobs are complete; gives their attempts. */
    async complete(ids: readonly string[]): Promise<number[]> {
      return await until(async () => {
        await sweepRows(context);
        const jobs = await findJobs(db, ids);
        return jobs.every(({ state }) => state === 'Complete') && jobs.map(({ attempt }) => attempt);
      });
    },
  };
}

t.test('entries in every wrong state', async (t) => {
  const { db, add, work, complete } = await open(t);
  const wrong = {
    deleted: 'delete from pgboss.job where id = $1',
    failed: `update pgboss.job set state = 'failed', completed_on = now() where id = $1`,
    cancelled: `update pgboss.job set state = 'cancelled', completed_on = now() where id = $1`,
    'complete, though its job is not': `update pgboss.job set state = 'completed', completed_on = now() where id = $1`,
    'active with a worker that is gone': `update pgboss.job set state = 'active', started_on = now() - interval '1 day',
       heartbeat_on = now() - interval '1 day' where id = $1`,
    'at its last retry, with a worker that is gone': `update pgboss.job set state = 'active', retry_count = retry_limit,
       started_on = now(), heartbeat_on = now() - interval '1 minute' where id = $1`,
    'active for longer than it may be': `update pgboss.job set state = 'active', started_on = now() - interval '3 years',
       heartbeat_on = now() where id = $1`,
    'made by a clock that was years ahead': `update pgboss.job set start_after = now() + interval '3 years' where id = $1`,
    'of another time': `update pgboss.job set created_on = now() - interval '3 years', keep_until = now() - interval '2 years'
       where id = $1`,
  };
  const jobs: string[] = [];
  for (const [what, change] of Object.entries(wrong)) {
    const { id, queueId } = await add();
    t.equal((await db.query(change, [queueId])).rowCount, 1, what);
    jobs.push(id);
  }
  // One was running when the entry was lost.
  const { id, queueId } = await add();
  await claimJob(db, id, queueId, 'dead', lost);
  await db.query('delete from pgboss.job where id = $1', [queueId]);
  await work();
  t.strictSame(await complete([...jobs, id]), [...jobs.map(() => 1), 2], 'all run, each once');
});

t.test('the dispatcher’s tables are gone, while packagers run', async (t) => {
  const { db, context, add, work, complete } = await open(t);
  const { id } = await add();
  await db.query('drop schema pgboss cascade');
  await sweepRows(context);
  await work();
  t.strictSame(await complete([id]), [1]);
  t.strictSame(await complete([(await add()).id]), [1], 'and new jobs run');
});

t.test('the dispatcher’s tables come from an old backup', async (t) => {
  const { db, add, work, complete } = await open(t);
  const old = [await add(), await add()];
  // What the backup remembers: one job that has ended since, one that ran, and nothing of the third.
  await db.query(`update jobs set state = 'Complete', ended_at = now(), attempt = 1 where id = $1`, [
    old[0]!.id,
  ]);
  const ran = await claimJob(db, old[1]!.id, old[1]!.queueId, 'dead', lost);
  t.equal(ran?.attempt, 1);
  const { id, queueId } = await add();
  await db.query('delete from pgboss.job where id = $1', [queueId]);
  await db.query(`update pgboss.queue set heartbeat_seconds = 3600, expire_seconds = 900, retry_limit = 0`);
  const again = await open(t, db);
  const { rows } = await db.query('select heartbeat_seconds, expire_seconds, retry_limit from pgboss.queue');
  t.match(
    rows,
    [{ heartbeat_seconds: 10, expire_seconds: 2_000_000, retry_limit: 1000 }],
    'put right at start',
  );
  await work();
  await again.work();
  t.strictSame(await complete([old[0]!.id, old[1]!.id, id]), [1, 2, 1]);
});

t.test('a job that takes longer than a day is left to its worker', async (t) => {
  const { db, context, add, work } = await open(t);
  const { id, queueId } = await add();
  const finish = Promise.withResolvers<void>();
  await work(() => finish.promise);
  await until(async () => (await findJobs(db, [id]))[0]!.state === 'Running');
  await db.query(`update pgboss.job set started_on = now() - interval '10 days' where id = $1`, [queueId]);
  // Until the queue has looked for workers that are gone since then.
  await db.query('update pgboss.queue set monitor_on = null');
  await until(async () => (await db.query('select from pgboss.queue where monitor_on is not null')).rowCount);
  await sweepRows(context);
  t.match(await findJobs(db, [id]), [{ state: 'Running', attempt: 1 }]);
  finish.resolve();
  await until(async () => (await findJobs(db, [id]))[0]!.state === 'Complete');
});

t.test('a packager that stops passes on what still reaches it', async (t) => {
  const { db, context, add } = await open(t);
  const { id, queueId } = await add();
  const runner = new Runner(context);
  runner.takeNoMore();
  await runner.run(id, queueId, new AbortController().signal);
  const { rows } = await db.query<{ state: string }>(
    `select q.state::text from jobs j join pgboss.job q on q.id = j.queue_id where j.id = $1 and j.queue_id <> $2`,
    [id, queueId],
  );
  t.strictSame(rows, [{ state: 'created' }], 'under an entry that nobody has yet');
  t.match(await findJobs(db, [id]), [{ state: 'Pending', attempts: [] }]);
});

t.test('a queue that has grown is worked off, not one job a poll', async (t) => {
  const { db, add, work } = await open(t);
  const ids: string[] = [];
  // More than a worker would get through in the time `until` waits, with a poll of two seconds before each.
  for (let n = 0; n < 60; n += 1) ids.push((await add()).id);
  await work();
  await until(async () => (await findJobs(db, ids)).every(({ state }) => state === 'Complete'));
  t.pass('all of them are done, and nobody has told the worker of one');
});
