/** A purge at the edges: who lost its job removes nothing, and nobody waits for anybody. */
import { insertPurge, isPurgeDue, markRetried, previewPurge, purgeJobs } from '@osimage/database';
import t from 'tap';
import { createTestDatabase } from '../support/database.ts';
import { addFinishedJobs, countLeft } from '../support/finished-jobs.ts';

const rule = { olderThanMs: 86_400_000 };
const own = { rule, createdBy: 'x', worker: 'test', leaseMs: 60_000 };

t.test('an attempt that lost its job', async (t) => {
  const { db } = await createTestDatabase(t);
  const jobs = await addFinishedJobs(db, { count: 1_200, endedAgo: '2 days' });
  const id = await insertPurge(db, own);
  await t.rejects(purgeJobs(db, { id, attempt: 2 }), { code: 'attempt_lost' });
  const onBatch = async () => void (await db.query('update jobs set attempt = 2 where id = $1', [id]));
  await t.rejects(purgeJobs(db, { id, attempt: 1, onBatch }), { code: 'attempt_lost' });
  t.strictSame(await countLeft(db, jobs), [700, 700, 700], 'what it began was rolled back');
  const signal = AbortSignal.abort(new Error('stopped'));
  await t.rejects(purgeJobs(db, { id, attempt: 2, signal }), { message: 'stopped' });
  t.match(await purgeJobs(db, { id, attempt: 2 }), { removed: 1_200 }, 'its successor counts all of them');
  await t.rejects(purgeJobs(db, { id, attempt: 2 }), { code: 'attempt_lost' }, 'and it ends once');
});

t.test('a job that somebody holds stays, and nobody waits', async (t) => {
  const { db } = await createTestDatabase(t);
  const jobs = await addFinishedJobs(db, { count: 10, endedAgo: '2 days' });
  const id = await insertPurge(db, own);
  await db.transaction(async (tx) => {
    await tx.query('select from jobs where id = $1 for update', [jobs[3]!]);
    t.match(await purgeJobs(db, { id, attempt: 1 }), { removed: 9, kept: 0 });
  });
  t.strictSame(await countLeft(db, jobs), [1, 1, 1]);
});

t.test('what still holds a slot of its server stays', async (t) => {
  const { db } = await createTestDatabase(t);
  const jobs = await addFinishedJobs(db, { count: 2, endedAgo: '2 days' });
  await db.query(`update jobs set server_id = '1', slot = 1 where id = $1`, [jobs[0]!]);
  t.match(await previewPurge(db, rule), { removed: 1 });
});

t.test('jobs that ended at the same moment are counted one by one', async (t) => {
  const { db } = await createTestDatabase(t);
  const jobs = await addFinishedJobs(db, { count: 1_200, endedAgo: '2 days' });
  await db.query(`update jobs set ended_at = date_trunc('day', now()) - interval '2 days'`);
  const id = await insertPurge(db, { ...own, rule: { keep: 100 } });
  t.match(await purgeJobs(db, { id, attempt: 1 }), { removed: 1_100 });
  t.strictSame(await countLeft(db, jobs.slice(1_100)), [100, 100, 100], 'of one moment the later ones stay');
});

t.test('a job that was retried goes no later than its successor', async (t) => {
  const { db } = await createTestDatabase(t);
  const jobs = await addFinishedJobs(db, { count: 4, endedAgo: '2 days' });
  await markRetried(db, jobs[0]!, jobs[1]!);
  await markRetried(db, jobs[1]!, jobs[2]!);
  const id = await insertPurge(db, { ...own, rule: { keep: 3 } });
  t.match(await purgeJobs(db, { id, attempt: 1 }), { removed: 1 });
  const { rows } = await db.query<{ id: string }>('select id::text from jobs where retried_as is not null');
  t.strictSame(rows, [{ id: jobs[1] }]);
});

t.test('a name that somebody asked for on a server may be reserved for another', async (t) => {
  const { db } = await createTestDatabase(t);
  const [old, young] = [
    await addFinishedJobs(db, { count: 1, endedAgo: '2 days' }),
    await addFinishedJobs(db, { count: 1, endedAgo: '1 minute' }),
  ];
  await db.query(
    `update jobs set server_id = '1', filename = (select archive_name from jobs where id = $2) where id = $1`,
    [old[0]!, young[0]!],
  );
  const id = await insertPurge(db, own);
  await purgeJobs(db, { id, attempt: 1 });
  const { rows } = await db.query<{ id: string }>(`select id::text from jobs
    where archive_name in (select o.id from object_ids o where kind = 'archive')`);
  t.strictSame(rows, [{ id: young[0] }]);
});

t.test('when it is time for the next one', async (t) => {
  const { db } = await createTestDatabase(t);
  t.notOk(await isPurgeDue(db, rule), 'nothing is there');
  await addFinishedJobs(db, { count: 1, endedAgo: '2 days' });
  t.ok(await isPurgeDue(db, rule));
  t.notOk(await isPurgeDue(db, { keep: 1 }));
  t.notOk(await isPurgeDue(db, {}), 'without a rule nothing goes');
  const id = await insertPurge(db, own);
  await db.query(`update jobs set created_at = now() - interval '1 day' where id = $1`, [id]);
  t.notOk(await isPurgeDue(db, rule), 'one has not ended');
  await purgeJobs(db, { id, attempt: 1 });
  await addFinishedJobs(db, { count: 1, endedAgo: '2 days' });
  t.ok(await isPurgeDue(db, rule), 'the last one is a day old');
  await db.query(`update jobs set created_at = now() - interval '59 minutes' where id = $1`, [id]);
  t.notOk(await isPurgeDue(db, rule), 'the last one is too young');
});
