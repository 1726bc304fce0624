/** The licence gate of the control API, and jobs that were accepted while there was a licence. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectPackager } from '@osimage/packaging-api';
import t from 'tap';
import { makeBigProfile } from '../support/big-profile.ts';
import { startServices } from '../support/services.ts';
import { until } from '../support/until.ts';

t.test('no export starts past the licence, and those accepted before it finish', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'osimage-licence-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const services = await startServices(t);
  const { client } = services;
  const profileId = await makeBigProfile(client, folder, 600);
  const cancelled = await client.export(profileId);
  await client.ok('PUT', '/tasks', { action: 'cancel', list: [cancelled.jobID] });
  await client.ended(cancelled.jobID);
  const { jobID } = await client.export(profileId);
  const exports = join(services.dataDir, 'store/exports');
  await until(async () => (await readdir(exports).catch((): string[] => [])).includes(jobID));
  await services.packagers[0]!.kill('SIGKILL');

  const over = await services.addPackager({ LICENSE_VALID_UNTIL: '2026-01-31' });
  const packager = connectPackager(over.address);
  t.teardown(() => packager.close());
  await t.rejects(packager.startExport({ profileId }, { user: 'robot' }), {
    code: 'licence_expired',
    message: /expired; exports are refused since 2026-02-01T00:00:00\.000Z/,
  });
  await t.rejects(packager.startExport({ profileId: 'no|such' }, { user: 'robot' }), {
    code: 'licence_expired',
  });
  await t.rejects(packager.retryJobs({ ids: [cancelled.jobID] }, { user: 'robot' }), {
    code: 'licence_expired',
  });
  const task = await client.ended(jobID);
  t.equal(task.status, 'Complete', JSON.stringify(task.error));
  t.equal(task.attempts.length, 2, 'the packager past its licence ended it');
  const { rows } = await services.db.query('select count(*)::int as count from jobs where kind = $1', [
    'export',
  ]);
  t.same(rows, [{ count: 2 }], 'nothing else was started');
});
