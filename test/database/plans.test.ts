/**
 * With 100,000 jobs and 20,000 profiles kept and 10,000 jobs queued, what is asked all the time finds its rows by an
 * index: no table that grows is read from one end to the other, neither as a table nor along an index. And what is
 * prepared is planned once.
 */
import { randomUUID } from 'node:crypto';
import {
  adoptJob,
  attemptState,
  callWaiting,
  claimFirst,
  claimJob,
  endJob,
  findJobs,
  findJobsById,
  findRoom,
  findStrandedJobs,
  type ImageFilter,
  insertJob,
  insertPurge,
  interruptImports,
  isPurgeDue,
  type JobFilter,
  leftPartialsOlderThan,
  listImages,
  listJobs,
  openDatabase,
  purgeJobs,
  type Queryable,
  queueName,
  queueSchema,
  queueState,
  readProfile,
  requeueJob,
  saveProgress,
  saveSnapshot,
  sumClaims,
  takeSlot,
} from '@osimage/database';
import { Problem } from '@osimage/errors';
import t from 'tap';
import { profileId } from '../../bench/scale/seed.ts';
import { createFullDatabase } from '../support/full-database.ts';
import { explaining } from '../support/plans.ts';

const kept = { jobs: 100_000, profiles: 20_000, queued: 10_000 };
/** Tables that grow with what is kept. */
const large = [
  'jobs',
  'job_attempts',
  'export_snapshots',
  'object_ids',
  'profiles',
  'profile_files',
  'archives',
];

/** What it reads stays below this, blocks of 8 KiB: the jobs alone are several thousand. */
const pageMost = 1_500;
const oneMost = 50;

t.test('hot queries', async (t) => {
  const { db, version } = await createFullDatabase(t, kept);
  const check = async (name: string, most: number, work: (db: Queryable) => Promise<unknown>) => {
    await db.transaction(async (tx) => {
      const asked = explaining(tx, version);
      await work(asked);
      t.ok(asked.plans.length > 0, `${name}: is asked`);
      for (const { text, scanned, blocks } of asked.plans) {
        const found = scanned.filter((table) => large.includes(table));
        t.strictSame(found, [], `${name}: by an index`, { text });
        if (blocks !== undefined) t.ok(blocks <= most, `${name}: ${blocks} blocks read`, { text });
      }
    });
  };
  const { rows } = await db.query<{ id: string; queue_id: string }>(
    'select id::text, queue_id from jobs where ended_at is null and server_id is null order by id limit 100',
  );
  const [job] = rows;

  await t.test('reading jobs', async () => {
    await check('one job', oneMost, (tx) => findJobsById(tx, [job!.id]));
    const ids = Array.from({ length: 100 }, (_, n) => String(1 + n * 997));
    await check('100 jobs', pageMost, (tx) => findJobs(tx, ids));
    const at = (ms: number) => new Date(Date.now() + ms);
    const filters: Partial<JobFilter>[] = [
      {},
      { before: '50000' },
      { states: ['Complete'] },
      { states: ['Pending'] },
      { states: ['Interrupted'] },
      { states: ['Running', 'Pending'] },
      { states: ['StoppedWithError'], before: '50000' },
      { kinds: ['import'] },
      { kinds: ['purge'] },
      { createdBy: 'user-3' },
      { createdBy: 'nobody' },
      { createdBy: 'nobody', states: ['Complete'] },
      { since: at(-3_600_000) },
      { since: at(86_400_000) },
      { since: at(86_400_000), states: ['Complete'] },
      { since: at(86_400_000), createdBy: 'user-3' },
    ];
    for (const filter of filters)
      await check(`list ${JSON.stringify(filter)}`, pageMost, (tx) =>
        listJobs(tx, { limit: 100, ...filter }),
      );
  });

  const uncounted = version < 160_000 && 'plans are counted since PostgreSQL 16';
  await t.test('prepared statements', { skip: uncounted }, async (t) => {
    // Of a connection that has asked nothing yet.
    const own = openDatabase(db.url, { max: 1 });
    t.teardown(() => own.close());
    // Plans made for the values of the first five times are what one plan for all values is compared with.
    const times = 8;
    for (let time = 0; time < times; time++) {
      await findJobsById(own, [job!.id]);
      await readProfile(own, profileId(time));
      const queueId = randomUUID();
      const order = { kind: 'export', title: 't', createdBy: 'x', requestId: '', queueId } as const;
      const id = await insertJob(own, order);
      await saveSnapshot(own, id, '{}', []);
      await claimFirst(own, id, queueId, 'worker');
      await endJob(own, id, 1, { state: 'Complete', step: 'done' });
    }
    const { rows: plans } = await own.query<{ statement: string; once: boolean }>(
      `select statement, generic_plans > 0 as once from pg_prepared_statements
       where generic_plans + custom_plans >= $1`,
      [times],
    );
    t.equal(plans.length, 7, 'all of these are prepared');
    for (const { statement, once } of plans) t.ok(once, 'is not planned anew each time', { statement });
  });

  await t.test('running jobs', async () => {
    const lost = { code: 'worker_lost', id: '', text: '', recovery: '' };
    await check('a job from its start to its end', oneMost, async (tx) => {
      const id = await insertJob(tx, {
        kind: 'export',
        title: 't',
        createdBy: 'x',
        requestId: '',
        queueId: job!.queue_id,
      });
      await takeSlot(tx, id, job!.queue_id, 4);
      await claimJob(tx, id, job!.queue_id, 'worker', lost);
      await saveProgress(tx, id, 1, { step: 'packing', bytesDone: 1, bytesTotal: 2 });
      await attemptState(tx, id, 1);
      await requeueJob(tx, id, 1, rows[1]!.queue_id, 'again');
      await adoptJob(tx, id, rows[1]!.queue_id, rows[2]!.queue_id);
      await claimJob(tx, id, rows[2]!.queue_id, 'worker', lost);
      t.ok(await endJob(tx, id, 2, { state: 'Complete', step: 'done' }), 'and it has ended');
    });
    await check('a place in line', oneMost, (tx) => findRoom(tx, '1', 4));
    await check('who is called', oneMost, (tx) => callWaiting(tx, '1', 4));
    await check('a profile to export', oneMost, (tx) => readProfile(tx, profileId(kept.profiles - 1)));
  });

  await t.test('by packagers, again and again', async () => {
    // These look at each job that has not ended.
    await check('partial files left on servers', oneMost, (tx) => leftPartialsOlderThan(tx, 15_000, 4));
    await check('stranded jobs', pageMost, (tx) => findStrandedJobs(tx, queueSchema, queueName));
    await check('what is claimed of the store', pageMost, (tx) => sumClaims(tx));
    await check('imports nobody feeds', pageMost, (tx) => interruptImports(tx, new Problem('never_fed')));
    await check('the queue', pageMost, (tx) => queueState(tx));
    await check('whether a purge is due', pageMost, (tx) =>
      isPurgeDue(tx, { olderThanMs: 90 * 86_400_000, keep: 90_000 }),
    );
    await check('a batch of a purge', pageMost, async (tx) => {
      const id = await insertPurge(tx, {
        rule: { keep: 99_000 },
        createdBy: 'x',
        worker: 'x',
        leaseMs: 1_000,
      });
      await purgeJobs({ ...db, ...tx, transaction: (work) => work(tx) }, { id, attempt: 1 });
    });
  });

  await t.test('profiles', async () => {
    const filters: ImageFilter[] = [
      {},
      { ids: [profileId(7), profileId(kept.profiles - 1)] },
      { usesFile: 'no-such-file' },
    ];
    for (const filter of filters) {
      for (const after of [
        { imageId: '', profileId: '' },
        { imageId: 'seed7', profileId: profileId(7_500) },
      ])
        await check(`${JSON.stringify(filter)} after ${after.profileId}`, pageMost, (tx) =>
          listImages(tx, after, 100, filter),
        );
    }
  });
});
