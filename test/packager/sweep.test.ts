/** The sweeper: jobs that lost their queue entry run after all, and files nobody refers to go. */
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '@osimage/blob-store';
import { cancelJobs, createAuditTrail, insertArchive, insertJob, takeId } from '@osimage/database';
import { loadSecretKey } from '@osimage/secrets';
import { loadSettings } from '@osimage/settings';
import { createLogger } from '@osimage/telemetry';
import t, { type Test } from 'tap';
import type { PackagerContext } from '../../services/packager/context.ts';
import { openQueue } from '../../services/packager/jobs/queue.ts';
import { sweepFiles, sweepRows } from '../../services/packager/jobs/sweep.ts';
import { createPackagerMetrics } from '../../services/packager/metrics/metrics.ts';
import { onlyHere } from '../support/addresses.ts';
import { createTestDatabase } from '../support/database.ts';

async function prepare(t: Test): Promise<PackagerContext> {
  const { db } = await createTestDatabase(t);
  const dataDir = await mkdtemp(join(tmpdir(), 'osimage-sweep-'));
  t.teardown(() => rm(dataDir, { recursive: true }));
  const settings = loadSettings({ DATA_DIR: dataDir });
  const log = createLogger('test', 'silent');
  const queue = await openQueue(db, log);
  t.teardown(() => queue.close());
  const store = await openStore(join(dataDir, 'store'));
  const secrets = await loadSecretKey(settings);
  const audit = createAuditTrail(db, log);
  return {
    settings,
    db,
    queue,
    store,
    secrets,
    addresses: onlyHere,
    log,
    audit,
    metrics: createPackagerMetrics(),
    worker: 'test',
  };
}

async function queueId({ db }: PackagerContext, id: string): Promise<string> {
  const { rows } = await db.query<{ queue_id: string }>('select queue_id from jobs where id = $1', [id]);
  return rows[0]!.queue_id;
}

t.test('a job runs although its queue entry is gone', async (t) => {
  const context = await prepare(t);
  const { db, queue } = context;
  const enqueue = async () => {
    const queueId = randomUUID();
    return await db.transaction(async (tx) => {
      const id = await insertJob(tx, { kind: 'export', title: 't', createdBy: 'x', requestId: '', queueId });
      await queue.add(tx, queueId, id);
      return { id, queueId };
    });
  };
  const [gone, exhausted, fine, over] = [await enqueue(), await enqueue(), await enqueue(), await enqueue()];
  await db.query('delete from pgboss.job where id = $1', [gone.queueId]);
  await db.query(`update pgboss.job set state = 'failed' where id = $1`, [exhausted.queueId]);
  await db.query('delete from pgboss.job where id = $1', [over.queueId]);
  await cancelJobs(db, [over.id], 'x');

  await Promise.all([sweepRows(context), sweepRows(context)]);
  t.not(await queueId(context, gone.id), gone.queueId, 'the deleted one has a new entry');
  t.not(await queueId(context, exhausted.id), exhausted.queueId, 'and so has the failed one');
  t.equal(await queueId(context, fine.id), fine.queueId, 'a living one keeps its own');
  t.equal(await queueId(context, over.id), over.queueId, 'a finished job is left alone');

  const ran: string[] = [];
  const all = Promise.withResolvers<void>();
  await queue.work(2, async (jobId) => {
    ran.push(jobId);
    if (ran.length === 3) all.resolve();
  });
  await all.promise;
  t.strictSame(ran.sort(), [gone.id, exhausted.id, fine.id].sort(), 'each runs once');
});

t.test('an import nobody fed ends', async (t) => {
  const context = await prepare(t);
  const waiting = { imageType: 'OS', fileSize: 0 };
  const id = await insertJob(context.db, {
    kind: 'import',
    title: 't',
    createdBy: 'x',
    requestId: '',
    import: waiting,
    leaseMs: 1,
  });
  await context.db.query(`update jobs set lease_until = now() - interval '1 minute' where id = $1`, [id]);
  await sweepRows(context);
  const { rows } = await context.db.query('select state, percent from jobs where id = $1', [id]);
  t.strictSame(rows, [{ state: 'Interrupted', percent: 100 }]);
});

t.test('files of jobs that are gone', async (t) => {
  const context = await prepare(t);
  const { db, store } = context;
  const { signal } = new AbortController();
  const unfinished = await insertJob(db, {
    kind: 'export',
    title: 't',
    createdBy: 'x',
    requestId: '',
    queueId: randomUUID(),
  });
  const cancelled = await insertJob(db, {
    kind: 'export',
    title: 't',
    createdBy: 'x',
    requestId: '',
    queueId: randomUUID(),
  });
  await cancelJobs(db, [cancelled], 'x');
  const ids = [unfinished, cancelled, '999999'];
  const longAgo = new Date(Date.now() - 120_000);
  for (const id of ids) {
    await writeFile(join(store.root, 'staging', id), 'x');
    await mkdir(join(store.root, 'exports', id, '1'), { recursive: true });
    for (const folder of ['staging', 'exports']) await utimes(join(store.root, folder, id), longAgo, longAgo);
  }
  await writeFile(join(store.root, 'staging', '1000000'), 'a moment old');

  const published = await insertJob(db, { kind: 'export', title: 't', createdBy: 'x', requestId: '' });
  await db.query(`update jobs set state = 'Complete', ended_at = now() where id = $1`, [published]);
  await takeId(db, 'a.tar.gz', 'archive');
  const archive = { id: 'a.tar.gz', profileId: 'p', size: 1, sha256: 'ab'.repeat(32), createdBy: 'x' };
  const physicalPath = join('exports', published, '2', 'a.tar.gz');
  await insertArchive(db, { ...archive, jobId: published, physicalPath });
  for (const number of ['1', '2'])
    await mkdir(join(store.root, 'exports', published, number), { recursive: true });
  await writeFile(join(store.root, physicalPath), 'x');
  await utimes(join(store.root, 'exports', published), longAgo, longAgo);

  await sweepFiles(context, 60_000, signal);
  t.strictSame((await readdir(join(store.root, 'staging'))).sort(), ['1000000', unfinished].sort());
  t.strictSame((await readdir(join(store.root, 'exports'))).sort(), [unfinished, published].sort());
  t.strictSame(await readdir(join(store.root, 'exports', published)), ['2'], 'only the published attempt');
});
