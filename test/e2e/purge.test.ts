/** Finished jobs are removed by a job: by itself, whatever dies meanwhile, and never what is still needed. */
import { join } from 'node:path';
import { type Database, insertJob, insertPurge, listAudit } from '@osimage/database';
import t, { type Test } from 'tap';
import type { RestClient, Task } from '../support/client.ts';
import { createTestDatabase } from '../support/database.ts';
import { addFinishedJobs, countLeft, holdJob } from '../support/finished-jobs.ts';
import { addArchive } from '../support/image-rows.ts';
import { startServices } from '../support/services.ts';
import { until } from '../support/until.ts';

type ShownTask = Task & { jobTitle: string; createdBy: string; notes: string[] };

/** The purge jobs that GET /tasks shows, newest first. */
async function purges(client: RestClient): Promise<ShownTask[]> {
  const tasks = await client.ok<ShownTask[]>('GET', '/tasks');
  return tasks.filter(({ jobTitle }) => jobTitle === 'Remove finished jobs');
}

/** Waits until a purge has removed so many jobs. */
async function removed(db: Database, count: number): Promise<void> {
  await until(async () => {
    const { rowCount } = await db.query(
      `select from jobs where kind = 'purge' and (purge->>'removed')::int >= $1`,
      [count],
    );
    return rowCount === 1;
  });
}

/**
 * Running services, 5,000 jobs that are too old, and a purge of them that a packager has taken up and that is held after
 * 2,500. Its maker is gone, so that it begins when all services are up, whatever that takes.
 */
async function heldPurge(t: Test, packagers: number) {
  const services = await startServices(t, { packagers });
  const { db } = services;
  const jobs = await addFinishedJobs(db, { count: 5_000, endedAgo: '100 days' });
  const free = await holdJob(db, jobs[2_500]!);
  const rule = { olderThanMs: 90 * 86_400_000 };
  const id = await insertPurge(db, { rule, createdBy: 'test', worker: 'gone', leaseMs: -1_000 });
  await removed(db, 2_500);
  return { ...services, jobs, free, id };
}

t.test('by age and by number', async (t) => {
  const database = await createTestDatabase(t);
  const { db } = database;
  const jobs = await addFinishedJobs(db, { count: 5_000, endedAgo: '100 days' });
  const yesterday = await addFinishedJobs(db, { count: 1_000, endedAgo: '1 day' });
  const justNow = await addFinishedJobs(db, { count: 20, endedAgo: '1 minute' });
  const waiting = await insertJob(db, {
    ...{ kind: 'import', title: 'import', createdBy: 'USERID', requestId: '', leaseMs: 3_600_000 },
    import: { imageType: 'SCRIPT', fileSize: 0 },
  });
  await db.query(`update jobs set created_at = now() - interval '1 year' where id = $1`, [waiting]);
  // Removed in the same pass that looks whether a purge is due, after it.
  const passed = async () => (await db.query('select from idempotency_keys')).rowCount === 0;
  const markPass = () =>
    db.query(`insert into idempotency_keys (user_name, key, request, created_at)
      values ('x', 'x', '', now() - interval '2 days')`);
  const { client, dataDir, ...services } = await startServices(t, {
    database,
    packagers: 0,
    laterPackagers: ['127.0.0.1:1'],
    env: { RETAIN_JOBS_COUNT: '500' },
  });
  await addArchive(db, join(dataDir, 'store'), 'kept.tar.gz', Buffer.from('kept'));
  await db.query(
    `update jobs set state = 'Complete', ended_at = now() - interval '1 year' where id = (select job_id from archives)`,
  );
  await markPass();
  await services.addPackager();
  const purge = await until(async () => {
    const [found] = await purges(client);
    return found?.percentage === 100 && found;
  });
  const from = '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ';
  t.match(purge, {
    status: 'Complete',
    step: 'done',
    createdBy: 'retention',
    error: null,
    attempts: [{ error: null }],
    notes: [
      new RegExp(
        `^Removed 5520 jobs that ended from ${from} to ${from}; 1 job more with an archive that is still here stays\\.$`,
      ),
    ],
  });
  t.strictSame(await countLeft(db, jobs), [0, 0, 0], 'too old');
  t.strictSame(await countLeft(db, yesterday.slice(0, 520)), [0, 0, 0], 'too many');
  t.strictSame(await countLeft(db, yesterday.slice(520)), [480, 480, 480], 'the newest stay');
  t.strictSame(await countLeft(db, justNow), [20, 20, 20]);
  t.match(await client.task(waiting), { status: 'Pending' }, 'what has not ended stays, however old');
  const { rows } = await db.query(`select id from object_ids where kind = 'archive' and id = 'kept.tar.gz'`);
  t.equal(rows.length, 1);
  const names = await db.query(`select from object_ids where kind = 'archive'`);
  t.equal(names.rowCount, 501, 'names that were reserved for nothing are free again');
  t.match(await listAudit(db, { action: 'job.purge', limit: 5 }), [
    {
      source: 'service',
      user_name: 'retention',
      outcome: 'success',
      job_id: purge.jobUID,
      detail: 'jobs that ended more than 90 days ago; all but the 500 jobs that ended last',
    },
  ]);

  await until(passed);
  await addFinishedJobs(db, { count: 1, endedAgo: '91 days' });
  await markPass();
  await services.addPackager();
  await until(passed);
  t.equal((await purges(client)).length, 1, 'the next one waits for an hour');
});

t.test('killed in the middle, another packager goes on', async (t) => {
  const { client, db, packagers, jobs, free, id } = await heldPurge(t, 2);
  const running = await client.task(id);
  t.match(running, {
    status: 'Running',
    percentage: Number,
    attempts: [{ worker: 'gone' }, { error: null }],
  });
  t.ok(running.percentage < 100);
  const victim = packagers.find(({ pid }) => running.attempts[1]!.worker.endsWith(`/${pid}`));
  await victim!.kill('SIGKILL');
  await free();
  t.match(await client.ended(id), {
    status: 'Complete',
    notes: [/^Removed 5000 jobs that ended from /],
    attempts: [{ error: { code: 'worker_lost' } }, { error: { code: 'worker_lost' } }, { error: null }],
  });
  t.strictSame(await countLeft(db, jobs), [0, 0, 0]);
  t.equal((await purges(client)).length, 1);
});

t.test('cancelled in the middle', async (t) => {
  const { client, db, logs, jobs, free, id } = await heldPurge(t, 1);
  await client.ok('PUT', '/tasks', { action: 'cancel', list: [id] });
  await free();
  await until(async () => (await logs()).includes('job stopped'));
  t.match(await client.task(id), { status: 'Cancelled', percentage: 100, error: { code: 'cancelled' } });
  t.strictSame(await countLeft(db, jobs), [2_500, 2_500, 2_500], 'the batch that was held was not removed');
  const again = await client.fetch('PUT', '/tasks', { action: 'retry', list: [id] });
  t.equal(again.status, 409);
  t.match(await again.json(), { messages: [{ text: /the next purge removes what this one left/ }] });
});
