/** The fence: what a worker that lost its job may still write, which is nothing. */
import { randomUUID } from 'node:crypto';
import {
  adoptJob,
  cancelJobs,
  claimFirst,
  claimJob,
  type Database,
  deleteJobs,
  endJob,
  findJobs,
  insertJob,
  interruptImports,
  renewImport,
  requeueJob,
  saveProgress,
} from '@osimage/database';
import { Problem } from '@osimage/errors';
import t from 'tap';
import { createTestDatabase } from '../support/database.ts';

const lost = new Problem('worker_lost', { times: 1 }).toJSON();

async function newJob(db: Database): Promise<{ id: string; queueId: string }> {
  const queueId = randomUUID();
  const id = await insertJob(db, {
    kind: 'export',
    title: 'test',
    createdBy: 'tester',
    requestId: '',
    queueId,
  });
  return { id, queueId };
}

async function job(db: Database, id: string) {
  const [row] = await findJobs(db, [id]);
  return row!;
}

t.test('the fence', async (t) => {
  const { db } = await createTestDatabase(t);

  await t.test('a second claim takes the job away from the first', async (t) => {
    const { id, queueId } = await newJob(db);
    const first = await claimJob(db, id, queueId, 'one', lost);
    const second = await claimJob(db, id, queueId, 'two', lost);
    t.equal(first?.attempt, 1);
    t.match(second, { attempt: 2, lost: 1, failed: 0 });
    t.notOk(await saveProgress(db, id, 1, { step: 'zombie', bytesDone: 99, bytesTotal: 100 }));
    t.notOk(await endJob(db, id, 1, { state: 'Complete', step: 'zombie' }));
    t.notOk(await requeueJob(db, id, 1, randomUUID(), 'zombie'));
    t.match(await job(db, id), {
      state: 'Running',
      attempts: [
        { worker: 'one', error: { code: 'worker_lost' } },
        { worker: 'two', error: null, ended_at: null },
      ],
    });
    t.ok(await endJob(db, id, 2, { state: 'Complete', step: 'done' }));
    t.notOk(await endJob(db, id, 2, { state: 'StoppedWithError', step: 'twice' }), 'an end is final');
  });

  await t.test('a first attempt takes one statement, and only a first one', async (t) => {
    const { id, queueId } = await newJob(db);
    t.equal(await claimFirst(db, id, randomUUID(), 'one'), undefined, 'not with another entry');
    t.match(await claimFirst(db, id, queueId, 'one'), {
      id,
      attempt: 1,
      lost: 0,
      failed: 0,
      space_claimed: 0,
    });
    t.match(await job(db, id), {
      state: 'Running',
      attempts: [{ attempt: 1, worker: 'one', ended_at: null, error: null }],
    });
    t.equal(await claimFirst(db, id, queueId, 'two'), undefined, 'what it had lost must be settled');
    t.match(await claimJob(db, id, queueId, 'two', lost), { attempt: 2, lost: 1 });
    t.ok(await endJob(db, id, 2, { state: 'Complete', step: 'done' }));
    t.equal(await claimFirst(db, id, queueId, 'one'), undefined, 'it has ended');
    const remote = randomUUID();
    const order = { kind: 'export', title: 't', createdBy: 'x', requestId: '', queueId: remote } as const;
    const remoteId = await insertJob(db, { ...order, serverId: '101' });
    t.equal(await claimFirst(db, remoteId, remote, 'one'), undefined, 'it may have to wait for its server');
    t.match(await claimJob(db, remoteId, remote, 'one', lost), { attempt: 1 });
  });

  await t.test('failures count from the last attempt that got further than those before it', async (t) => {
    const { id, queueId } = await newJob(db);
    let entry = queueId;
    const failed: (number | undefined)[] = [];
    for (const progressed of [false, false, true, false, false]) {
      const claimed = await claimJob(db, id, entry, 'one', lost);
      failed.push(claimed?.failed);
      entry = randomUUID();
      const error = new Problem('connection_lost', { address: 'a', detail: 'b' }).toJSON();
      t.ok(await requeueJob(db, id, claimed?.attempt ?? 0, entry, 'again', error, progressed));
    }
    t.strictSame(failed, [0, 1, 2, 0, 1]);
  });

  await t.test('an entry that is not the row’s own claims nothing', async (t) => {
    const { id, queueId } = await newJob(db);
    t.equal(await claimJob(db, id, randomUUID(), 'one', lost), undefined);
    const adopted = randomUUID();
    t.ok(await adoptJob(db, id, queueId, adopted));
    t.notOk(await adoptJob(db, id, queueId, randomUUID()), 'somebody was first');
    t.equal(await claimJob(db, id, queueId, 'one', lost), undefined, 'the old entry is stale');
    t.equal((await claimJob(db, id, adopted, 'one', lost))?.attempt, 1);
  });

  await t.test(
    'progress never goes back, also with a new attempt, and 100 is kept for the end',
    async (t) => {
      const { id, queueId } = await newJob(db);
      await claimJob(db, id, queueId, 'one', lost);
      const percents: number[] = [];
      const report = async (attempt: number, bytesDone: number) => {
        t.ok(await saveProgress(db, id, attempt, { step: 'writing', bytesDone, bytesTotal: 1000 }));
        percents.push((await job(db, id)).percent);
      };
      await report(1, 0);
      await report(1, 600);
      await claimJob(db, id, queueId, 'two', lost);
      await report(2, 10);
      t.equal((await job(db, id)).bytes_done, 600);
      await report(2, 1000);
      t.strictSame(
        percents,
        percents.toSorted((a, b) => a - b),
      );
      t.equal(percents.at(-1), 99);
      await endJob(db, id, 2, { state: 'Complete', step: 'done' });
      t.match(await job(db, id), { percent: 100, bytes_done: 1000 });
    },
  );

  await t.test('a failed job shows 100 per cent, and where it stopped', async (t) => {
    const { id, queueId } = await newJob(db);
    await claimJob(db, id, queueId, 'one', lost);
    await saveProgress(db, id, 1, { step: 'writing', bytesDone: 10, bytesTotal: 1000 });
    await endJob(db, id, 1, { state: 'StoppedWithError', step: 'failed', error: lost });
    t.match(await job(db, id), {
      state: 'StoppedWithError',
      percent: 100,
      bytes_done: 10,
      error: { code: 'worker_lost' },
    });
  });

  await t.test('cancel is final and told to the workers', async (t) => {
    const { id, queueId } = await newJob(db);
    await claimJob(db, id, queueId, 'one', lost);
    const told = Promise.withResolvers<string>();
    const stop = await db.listen('osimage_job_stop', told.resolve);
    t.strictSame(await cancelJobs(db, [id], 'somebody'), [{ id, waitedAs: null }]);
    t.equal(await told.promise, id);
    await stop();
    t.strictSame(await cancelJobs(db, [id], 'somebody'), [], 'twice changes nothing');
    t.notOk(await endJob(db, id, 1, { state: 'Complete', step: 'zombie' }));
    t.match(await job(db, id), { state: 'Cancelled', percent: 100, error: { text: /by somebody/ } });
  });

  await t.test('deleting: all or none, finished only', async (t) => {
    const running = await newJob(db);
    const done = await newJob(db);
    await cancelJobs(db, [done.id], 'x');
    await t.rejects(
      db.transaction((tx) => deleteJobs(tx, [done.id, running.id])),
      { code: 'job_not_finished' },
    );
    t.ok(await job(db, done.id), 'nothing was deleted');
    await db.transaction((tx) => deleteJobs(tx, [done.id]));
    await t.rejects(findJobs(db, [done.id]), { code: 'not_found' });
    for (const id of ['', '0', '-1', '1e3', "1'; drop table jobs", '9'.repeat(30)]) {
      await t.rejects(findJobs(db, [id]), { code: 'not_found' }, `no job ${id}`);
    }
  });

  await t.test('an import that is never fed ends by itself', async (t) => {
    const insert = () =>
      insertJob(db, {
        kind: 'import',
        title: 't',
        createdBy: 'x',
        requestId: '',
        import: { imageType: 'OS', fileSize: 0 },
        leaseMs: 60_000,
      });
    const [late, fed] = [await insert(), await insert()];
    await db.query(`update jobs set lease_until = now() - interval '1 second' where id = any($1::bigint[])`, [
      [late, fed],
    ]);
    t.ok(await renewImport(db, fed, 60_000, 5), 'bytes that still arrive renew the lease');
    t.strictSame(await interruptImports(db, new Problem('never_fed')), [late]);
    t.match(await job(db, late), { state: 'Interrupted', percent: 100, error: { code: 'never_fed' } });
    t.notOk(await renewImport(db, late, 60_000, 6), 'nobody wants more bytes');
    t.equal((await job(db, fed)).state, 'Pending');
  });
});
