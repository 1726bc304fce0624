/** The slots of a remote file server, as rows: who gets one, who waits, who is called next. */
import { randomUUID } from 'node:crypto';
import {
  callWaiting,
  cancelJobs,
  claimJob,
  type Database,
  endJob,
  findRoom,
  freeSlot,
  insertJob,
  requeueJob,
  takeSlot,
  waitInLine,
} from '@osimage/database';
import { Problem } from '@osimage/errors';
import t from 'tap';
import { createTestDatabase } from '../support/database.ts';

const usual = 3;
const lost = new Problem('worker_lost', { times: 1 }).toJSON();

interface Job {
  id: string;
  queueId: string;
}

async function addServer(db: Database, id: string): Promise<string> {
  await db.query(
    `insert into servers (id, display_name, address, port, protocol, created_by, modified_by)
     values ($1, $1, 'localhost', 22, 'SFTP', 'x', 'x')`,
    [id],
  );
  return id;
}

async function newJob(db: Database, serverId: string): Promise<Job> {
  const queueId = randomUUID();
  const room = await findRoom(db, serverId, usual);
  const slotLine = room?.waitsFor ? 'waiting' : 'called';
  const order = { kind: 'export', title: 't', createdBy: 'x', requestId: '', serverId } as const;
  return { id: await insertJob(db, { ...order, queueId, slotLine }), queueId };
}

/** As a worker does it; gives the attempt, or undefined when the job waits. */
async function claim(db: Database, { id, queueId }: Job): Promise<number | undefined> {
  return await db.transaction(async (tx) => {
    const { waitsFor } = await takeSlot(tx, id, queueId, usual);
    if (!waitsFor) return (await claimJob(tx, id, queueId, 'w', lost))?.attempt;
    await waitInLine(tx, id, queueId, randomUUID(), `waiting for ${waitsFor.name}`);
    return undefined;
  });
}

async function rows(db: Database, serverId: string) {
  const { rows } = await db.query<{ id: string; slot: number | null; slot_line: string | null }>(
    'select id::text, slot, slot_line from jobs where server_id = $1 and (ended_at is null or slot is not null) order by jobs.id',
    [serverId],
  );
  return rows;
}

t.test('slots of a server', async (t) => {
  const { db } = await createTestDatabase(t);

  await t.test('claimed all at once, no more run than there are slots', async (t) => {
    const server = await addServer(db, 'crowd');
    const jobs: Job[] = [];
    for (let n = 0; n < 12; n++) jobs.push(await newJob(db, server));
    // As a packager of before the slots creates them: nobody has called them.
    await db.query('update jobs set slot_line = null where server_id = $1', [server]);
    const claimed = await Promise.all(jobs.map((job) => claim(db, job)));
    t.equal(claimed.filter((attempt) => attempt === 1).length, usual);
    const after = await rows(db, server);
    t.strictSame(after.flatMap(({ slot }) => slot ?? []).sort(), [1, 2, 3]);
    t.equal(after.filter((row) => row.slot_line === 'waiting').length, 12 - usual, 'the others wait in line');
    await t.rejects(
      db.query('update jobs set slot = 1 where server_id = $1 and slot is null', [server]),
      /jobs_slot/,
      'the database itself knows the limit',
    );
  });

  await t.test('the oldest are called, and nobody pushes in', async (t) => {
    const server = await addServer(db, 'order');
    const jobs: Job[] = [];
    for (let n = 0; n < 6; n++) jobs.push(await newJob(db, server));
    const [first, second, third, fourth, fifth] = jobs as [Job, Job, Job, Job, Job];
    t.strictSame(
      (await rows(db, server)).map((row) => row.slot_line),
      ['called', 'called', 'called', 'waiting', 'waiting', 'waiting'],
      'who finds no room waits from the beginning',
    );
    for (const job of [first, second, third]) t.equal(await claim(db, job), 1);
    t.strictSame(await callWaiting(db, server, usual), [], 'nobody is called while all slots are held');
    await endJob(db, second.id, 1, { state: 'Complete', step: 'done' });
    const called = await callWaiting(db, server, usual);
    t.match(called, [{ id: fourth.id, formerId: fourth.queueId }]);
    t.strictSame(await callWaiting(db, server, usual), [], 'called once');
    const late = await newJob(db, server);
    t.equal(await claim(db, late), undefined, 'a new one does not get the slot the called one will take');
    t.equal(await claim(db, fifth), undefined, 'nor does one that waits');
    t.equal(await claim(db, fourth), undefined, 'the entry it waited under is out of date');
    t.equal(await claim(db, called[0]!), 1);
    t.strictSame(
      (await rows(db, server)).flatMap(({ slot }) => slot ?? []).sort(),
      [1, 2, 3],
      'the free number is given again',
    );
  });

  await t.test('whatever plan PostgreSQL makes, no more are called than there is room for', async (t) => {
    const server = await addServer(db, 'planned');
    const jobs: Job[] = [];
    for (let n = 0; n < 3 * usual; n++) jobs.push(await newJob(db, server));
    await db.query(`update jobs set slot_line = 'waiting' where server_id = $1`, [server]);
    await db.transaction(async (tx) => {
      // It thinks that there is one job, asks who comes next anew for each it finds, and would get others than before.
      await tx.query(`update pg_class set reltuples = 1, relpages = 1 where oid = 'jobs'::regclass`);
      for (const way of ['hashjoin', 'mergejoin', 'material'])
        await tx.query(`set local enable_${way} = off`);
      const called = await callWaiting(tx, server, usual);
      t.strictSame(
        called.map(({ id }) => id).sort(),
        jobs
          .slice(0, usual)
          .map(({ id }) => id)
          .sort(),
      );
    });
    await db.query('analyze jobs');
  });

  await t.test('a dead worker’s slot goes to the one that takes its job over', async (t) => {
    const server = await addServer(db, 'takeover');
    const job = await newJob(db, server);
    t.equal(await claim(db, job), 1);
    t.equal(await claim(db, job), 2, 'the queue gave its entry to another worker');
    t.match(await rows(db, server), [{ id: job.id, slot: 1 }]);
    await freeSlot(db, job.id, 1);
    t.match(await rows(db, server), [{ slot: 1 }], 'the first one, waking up, gives nothing back');
    await requeueJob(db, job.id, 2, randomUUID(), 'trying again', lost);
    t.match(
      await rows(db, server),
      [{ slot: null, slot_line: null }],
      'one that waits for its next try has none',
    );
  });

  await t.test('a job handed back goes on before those who wait', async (t) => {
    const server = await addServer(db, 'handed');
    const jobs: Job[] = [];
    for (let n = 0; n < 5; n++) jobs.push(await newJob(db, server));
    for (const job of jobs.slice(0, usual)) t.equal(await claim(db, job), 1);
    const again = { id: jobs[1]!.id, queueId: randomUUID() };
    await requeueJob(db, again.id, 1, again.queueId, 'waiting for a worker');
    t.strictSame(await callWaiting(db, server, usual), [], 'its place is kept');
    t.equal(await claim(db, again), 2);
  });

  await t.test('a cancelled job keeps its slot until its worker has let go, or is lost', async (t) => {
    const server = await addServer(db, 'cancelled');
    const jobs = [await newJob(db, server), await newJob(db, server)] as const;
    for (const job of jobs) await claim(db, job);
    const others = [await newJob(db, server), await newJob(db, server)] as const;
    await cancelJobs(
      db,
      jobs.map(({ id }) => id),
      'x',
    );
    t.equal(await claim(db, others[0]), 1, 'the third slot');
    t.equal(await claim(db, others[1]), undefined);
    await freeSlot(db, jobs[0].id, 1);
    t.match(await callWaiting(db, server, usual), [{ id: others[1].id }]);
    await cancelJobs(db, [others[1].id], 'x');
    const last = [await newJob(db, server), await newJob(db, server)] as const;
    t.equal(await claim(db, last[0]), 1, 'a called one that was cancelled leaves room');
    await db.query(`update jobs set ended_at = now() - interval '1 minute' where id = $1`, [jobs[1].id]);
    t.match(await callWaiting(db, server, usual), [{ id: last[1].id }], 'nobody gave that one back');
  });

  await t.test('a server’s own limit, changed while jobs run', async (t) => {
    const server = await addServer(db, 'limits');
    const setLimit = (most: number | null) =>
      db.query('update servers set parallel_exports = $2 where id = $1', [server, most]);
    await setLimit(1);
    const jobs: Job[] = [];
    for (let n = 0; n < 6; n++) jobs.push(await newJob(db, server));
    t.equal(await claim(db, jobs[0]!), 1);
    t.strictSame(await callWaiting(db, server, usual), []);
    await setLimit(4);
    const called = await callWaiting(db, server, usual);
    t.equal(called.length, 3);
    for (const job of called) t.equal(await claim(db, job), 1);
    await setLimit(2);
    await endJob(db, jobs[0]!.id, 1, { state: 'Complete', step: 'done' });
    await endJob(db, called[0]!.id, 1, { state: 'Complete', step: 'done' });
    t.strictSame(await callWaiting(db, server, usual), [], 'two still run');
    await endJob(db, called[1]!.id, 1, { state: 'Complete', step: 'done' });
    t.equal((await callWaiting(db, server, usual)).length, 1);
  });
});
