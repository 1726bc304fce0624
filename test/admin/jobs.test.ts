/** `npm run admin -- jobs purge`. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { findJobs, insertJob, listAudit } from '@osimage/database';
import t from 'tap';
import { adminFor, adminMain } from '../support/admin.ts';
import { createTestDatabase } from '../support/database.ts';
import { bareEnvironment } from '../support/environment.ts';
import { addFinishedJobs, countLeft, holdJob } from '../support/finished-jobs.ts';
import { startServices } from '../support/services.ts';
import { until } from '../support/until.ts';

t.test('finished jobs by age and number', async (t) => {
  const { db, url } = await createTestDatabase(t);
  const admin = adminFor({ DATABASE_URL: url });
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await admin(['jobs', 'purge', ...args, '--json']);
    t.match({ code, stderr }, { code: 0, stderr: '' }, args.join(' '));
    return JSON.parse(stdout) as { dryRun: boolean; job: string; removed: number; kept: number };
  };
  const old = await addFinishedJobs(db, { count: 5_000, endedAgo: '100 days' });
  const young = await addFinishedJobs(db, { count: 100, endedAgo: '2 days' });
  const running = await insertJob(db, {
    kind: 'export',
    title: 'export',
    createdBy: 'USERID',
    requestId: '',
  });
  await db.query(`update jobs set created_at = now() - interval '1 year' where id = $1`, [running]);

  t.match(await run('--dry-run'), { dryRun: true, rule: { keep: 1_000_000 }, removed: 5_000, kept: 0 });
  t.match(await run('--dry-run', '--keep', '10'), { rule: { keep: 10 }, removed: 5_090 });
  t.match(await run('--dry-run', '--older-than', '1d'), {
    rule: { olderThanMs: 86_400_000 },
    removed: 5_100,
  });
  t.strictSame(await countLeft(db, old), [5_000, 5_000, 5_000], 'a dry run removes nothing');
  t.strictSame(await listAudit(db, { limit: 5 }), []);

  const first = await run();
  t.match(first, { dryRun: false, job: /^\d+$/, removed: 5_000, kept: 0 });
  t.strictSame(
    [await countLeft(db, old), await countLeft(db, young)],
    [
      [0, 0, 0],
      [100, 100, 100],
    ],
  );
  const [job] = await findJobs(db, [first.job]);
  t.match(job, {
    kind: 'purge',
    state: 'Complete',
    percent: 100,
    notes: [/^Removed 5000 jobs that ended from \d{4}-/],
    attempts: [{ worker: /^command line\/\d+$/, error: null }],
  });
  t.ok(job!.attempts[0]!.ended_at, 'its attempt has ended too');
  t.match(await listAudit(db, { limit: 5 }), [
    {
      source: 'command line',
      action: 'job.purge',
      outcome: 'success',
      job_id: first.job,
      detail: 'jobs that ended more than 90 days ago; all but the 1000000 jobs that ended last',
    },
  ]);

  t.match(await run('--keep', '41'), { removed: 60 }, 'the first purge is among those that stay');
  t.strictSame(await countLeft(db, young.slice(60)), [40, 40, 40], 'the newest');
  t.match(await run('--keep', '1'), { removed: 40 }, 'what ended within the hour stays');
  const last = await admin(['jobs', 'purge', '--older-than', '0s']);
  t.match(last, {
    code: 0,
    stdout: /^Removed 3 jobs that ended from \S+Z to \S+Z\. It was job \d+\.\n$/,
  });
  const { rows } = await db.query<{ kind: string }>('select kind from jobs order by id');
  t.strictSame(rows, [{ kind: 'export' }, { kind: 'purge' }], 'neither what runs nor the purge itself');
  t.match(await admin(['jobs', 'purge']), { stdout: /^Removed 0 jobs\. It was job \d+\.\n$/ });
});

t.test('not called as it must be', async (t) => {
  const { url } = await createTestDatabase(t);
  const admin = adminFor({ DATABASE_URL: url });
  for (const [args, stderr] of [
    [['--keep', '0'], /--keep is a number of jobs, 1 or more; not 0/],
    [['--keep', '-1'], /./],
    [['--keep', '1e3'], /--keep is a number/],
    [['--older-than', '3 days'], /--older-than is a number with s, m, h or d/],
    [['--rate', '3'], /jobs purge has no option --rate/],
    [['42'], /it must be: jobs purge/],
  ] as const)
    t.match(await admin(['jobs', 'purge', ...args]), { code: 2, stdout: '', stderr }, args.join(' '));
  t.match(await admin(['jobs']), { code: 2, stderr: /there is no command jobs/ });
  const wrong = await adminFor({ DATABASE_URL: url, RETAIN_JOBS_DAYS: '0' })(['jobs', 'purge']);
  t.match(wrong, { code: 2, stderr: /RETAIN_JOBS_DAYS must be a whole number from 1 to 36500/ });
  const { stdout } = await admin(['--help']);
  t.match(stdout, /jobs purge .*RETAIN_JOBS_/);
  t.match(stdout, /--keep N /);
});

t.test('killed in the middle, a packager goes on', async (t) => {
  const database = await createTestDatabase(t);
  const { db, url } = database;
  const jobs = await addFinishedJobs(db, { count: 5_000, endedAgo: '100 days' });
  const free = await holdJob(db, jobs[2_500]!);
  const child = spawn(process.execPath, [adminMain, 'jobs', 'purge'], {
    stdio: 'ignore',
    env: { ...bareEnvironment(), DATABASE_URL: url },
  });
  t.teardown(() => child.kill('SIGKILL'));
  const id = await until(async () => {
    const { rows } = await db.query<{ id: string }>(
      `select id::text from jobs where kind = 'purge' and (purge->>'removed')::int >= 2500`,
    );
    return rows[0]?.id;
  });
  const { client } = await startServices(t, { database });
  t.match(await client.task(id), { status: 'Running', percentage: 0, attempts: [{ error: null }] });
  child.kill('SIGKILL');
  await once(child, 'exit');
  await free();
  await db.query(`update jobs set lease_until = now() - interval '1 s' where id = $1`, [id]);
  t.match(await client.ended(id), {
    status: 'Complete',
    notes: [/^Removed 5000 jobs that ended from /],
    attempts: [{ worker: /^command line/, error: { code: 'worker_lost' } }, { error: null }],
  });
  t.strictSame(await countLeft(db, jobs), [0, 0, 0]);
});
