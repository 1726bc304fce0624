/** Exports that are stopped in their middle: by a caller, by a dead packager, by a packager told to end. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { makeBigProfile } from '../support/big-profile.ts';
import { filesBelow } from '../support/files-below.ts';
import { startServices } from '../support/services.ts';
import { until } from '../support/until.ts';

async function prepare(t: Test, packagers: number) {
  const services = await startServices(t, { packagers });
  const folder = await mkdtemp(join(tmpdir(), 'osimage-stop-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const profileId = await makeBigProfile(services.client, folder, 400);
  return { ...services, profileId, exportsFolder: join(services.dataDir, 'store/exports') };
}

t.test('a cancelled export stops its I/O and leaves nothing', async (t) => {
  const { client, profileId, exportsFolder } = await prepare(t, 1);
  const { jobID, filename } = await client.export(profileId);
  await until(async () => (await filesBelow(exportsFolder)).length > 0);
  const cancel = await client.fetch('PUT', '/tasks', { action: 'cancel', list: [jobID] });
  t.equal(cancel.status, 200);
  const task = await client.task(jobID);
  t.match(task, { status: 'Cancelled', percentage: 100, error: { code: 'cancelled' }, isCancelable: false });
  await until(async () => (await filesBelow(exportsFolder)).length === 0);
  t.equal((await client.fetch('GET', `/osImages/${filename}`)).status, 404);
  t.equal(
    (await client.fetch('PUT', '/tasks', { action: 'cancel', list: [jobID] })).status,
    200,
    'twice is fine',
  );
  t.equal((await client.fetch('PUT', '/tasks', { action: 'cancel', list: [jobID, '999999'] })).status, 404);
});

t.test('a packager killed in the middle leaves no archive, and another one finishes', async (t) => {
  const { client, packagers, profileId, exportsFolder, db } = await prepare(t, 2);
  const { jobID, filename } = await client.export(profileId);
  await until(async () => (await filesBelow(exportsFolder)).length > 0);
  const running = await db.query<{ worker: string }>('select worker from jobs where id = $1', [jobID]);
  const victim = packagers.find((packager) => running.rows[0]?.worker.endsWith(`/${packager.pid}`));
  await victim!.kill('SIGKILL');
  t.equal((await client.fetch('GET', `/osImages/${filename}`)).status, 404, 'no visible archive');
  const before = await client.task(jobID);
  t.equal(before.status, 'Running');

  const task = await client.ended(jobID);
  t.equal(task.status, 'Complete');
  t.ok(task.percentage >= before.percentage);
  t.match(task.attempts, [{ error: { code: 'worker_lost' } }, { error: null }]);
  t.not(task.attempts[1]?.worker, task.attempts[0]?.worker);
  t.equal((await client.fetch('HEAD', `/osImages/${filename}`)).status, 200);
  t.strictSame(await filesBelow(exportsFolder), [join(jobID, '2', filename)], 'one archive, no partial file');
});

t.test('a packager told to end hands its job back at once', async (t) => {
  const { client, packagers, profileId, exportsFolder, db } = await prepare(t, 2);
  const { jobID, filename } = await client.export(profileId);
  await until(async () => (await filesBelow(exportsFolder)).length > 0);
  const running = await db.query<{ worker: string }>('select worker from jobs where id = $1', [jobID]);
  const victim = packagers.find((packager) => running.rows[0]?.worker.endsWith(`/${packager.pid}`));
  await victim!.kill('SIGTERM');
  const task = await client.ended(jobID);
  t.equal(task.status, 'Complete');
  t.notOk(
    task.attempts.some((attempt) => attempt.error),
    'no attempt counts as a failure',
  );
  t.equal((await client.fetch('HEAD', `/osImages/${filename}`)).status, 200);
});
