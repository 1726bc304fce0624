/** WatchJob over gRPC: every change of a job until its end. */
import { insertJob, type NewJob } from '@osimage/database';
import { connectPackager } from '@osimage/packaging-api';
import { loadSettings } from '@osimage/settings';
import { createLogger } from '@osimage/telemetry';
import t from 'tap';
import { startPackager } from '../../services/packager/packager.ts';
import { createTestDatabase } from '../support/database.ts';

const job: NewJob = { kind: 'export', title: 'Export', createdBy: 'USERID', requestId: '', profileId: 'a|b' };

t.test('watching a job', async (t) => {
  const { url, db } = await createTestDatabase(t);
  const packager = await startPackager(
    loadSettings({ DATA_DIR: t.testdir(), PACKAGER_LISTEN: '127.0.0.1:0', DRAIN_SECONDS: '0' }),
    url,
    createLogger('packager', 'silent'),
  );
  t.teardown(() => packager.stop());
  const client = connectPackager(packager.address);
  t.teardown(() => client.close());
  // Waits for its file, so that nobody but the test changes it.
  const id = await insertJob(db, { ...job, kind: 'import', leaseMs: 600_000 });
  const answers = client.watchJob({ id }, { user: 'USERID' })[Symbol.asyncIterator]();
  const next = async () => (await answers.next()).value?.job;
  t.match(await next(), { id, state: 'JOB_STATE_PENDING', bytesDone: 0 });
  await db.query('update jobs set bytes_done = 7, bytes_total = 9 where id = $1', [id]);
  t.match(await next(), { bytesDone: 7, bytesTotal: 9 });
  await db.query(`update jobs set state = 'Cancelled', ended_at = now(), percent = 100 where id = $1`, [id]);
  t.match(await next(), { state: 'JOB_STATE_CANCELLED', percent: 100 });
  t.equal((await answers.next()).done, true);

  const watch = (id: string, signal?: AbortSignal) =>
    client.watchJob({ id }, { user: 'USERID', ...(signal && { signal }) })[Symbol.asyncIterator]();
  await t.rejects(watch('999999').next(), { code: 'not_found' });

  const waiting = await insertJob(db, { ...job, kind: 'import', leaseMs: 600_000 });
  const hangUp = new AbortController();
  const watching = watch(waiting, hangUp.signal);
  t.match((await watching.next()).value?.job, { id: waiting });
  hangUp.abort();
  await t.rejects(watching.next(), { name: 'AbortError' });
});
