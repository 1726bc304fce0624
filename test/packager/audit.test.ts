/** The audit trail of the control API, and that a REST request is not in it twice. */
import { join } from 'node:path';
import { listAudit } from '@osimage/database';
import { connectPackager } from '@osimage/packaging-api';
import t from 'tap';
import { installSamples, sampleProfileId } from '../../samples/install.ts';
import { startServices } from '../support/services.ts';

t.test('who calls a packager itself is in the trail; who comes by REST is there once', async (t) => {
  const services = await startServices(t);
  const { client, db, dataDir } = services;
  const packager = connectPackager(services.packagers[0]!.address);
  t.teardown(() => packager.close());
  const signal = AbortSignal.timeout(60_000);
  await installSamples({ client: packager, db, storeRoot: join(dataDir, 'store'), signal });
  const entries = async () => (await listAudit(db, { limit: 1_000 })).reverse();
  const installed = await entries();
  t.ok(installed.length > 0);
  t.ok(installed.every(({ source, address }) => source === 'grpc' && /^127\.0\.0\.1:\d+$/.test(address)));
  const created = installed.find(({ action }) => action === 'import.create')!;
  t.match(created, { outcome: 'success', job_id: /^\d+$/ });
  t.match(
    installed.find(({ action, objects }) => action === 'import.start' && objects[0] === created.job_id),
    { outcome: 'success', status: null },
  );

  const start = (await entries()).length;
  const since = async () => (await entries()).slice(start);
  const { jobId, filename } = await packager.startExport({ profileId: sampleProfileId }, { user: 'robot' });
  await client.ended(jobId!);
  await t.rejects(packager.startExport({ profileId: 'no|such' }, { user: 'robot' }), { code: 'not_found' });
  await packager.cancelJobs({ ids: [jobId!] }, { user: 'robot' });
  await packager.getJob({ id: jobId! }, { user: 'robot' });
  await packager.listJobs({}, { user: 'robot' });
  await packager.deleteJobs({ ids: [jobId!] }, { user: 'robot', requestId: 'of-the-robot' });
  const robot = { source: 'grpc', user_name: 'robot' };
  t.match(await since(), [
    { ...robot, action: 'profile.export', objects: [sampleProfileId, jobId, filename], job_id: jobId },
    { ...robot, action: 'profile.export', objects: ['no|such'], outcome: 'failed', code: 'not_found' },
    { ...robot, action: 'job.cancel', objects: [jobId], outcome: 'success' },
    { ...robot, action: 'job.delete', objects: [jobId], request_id: 'of-the-robot' },
  ]);
  t.equal((await since()).length, 4, 'reading is not in it');

  const again = await packager.startExport({ profileId: sampleProfileId }, { user: 'robot' });
  await client.ended(again.jobId!);
  // As if it had failed.
  await db.query(`update jobs set state = 'Interrupted' where id = $1`, [again.jobId]);
  const { jobs } = await packager.retryJobs({ ids: [again.jobId!] }, { user: 'robot' });
  const successor = jobs![0]!.retriedAs!;
  t.match((await since()).at(-1), { action: 'job.retry', objects: [again.jobId, successor] });
  await client.ended(successor);

  const before = (await entries()).length;
  const exported = await client.export(sampleProfileId);
  await client.ended(exported.jobID);
  await client.ok('DELETE', `/tasks/${exported.jobID}`);
  const rest = { source: 'rest', user_name: 'USERID', outcome: 'success', address: '127.0.0.1' };
  const byRest = (await entries()).slice(before);
  t.match(byRest, [
    { ...rest, action: 'profile.export', job_id: exported.jobID },
    { ...rest, action: 'job.delete', objects: [exported.jobID] },
  ]);
  t.equal(byRest.length, 2, 'once');
  const lines = (await services.logs()).split('\n').filter((text) => text.includes(byRest[0]!.request_id));
  // The packager's lines about the job carry the id as well, and may come first.
  const line = lines.find((text) => text.includes('"msg":"audit"')) ?? '{}';
  t.match(JSON.parse(line), {
    service: 'gateway',
    msg: 'audit',
    audit: { user: 'USERID', action: 'profile.export', jobId: exported.jobID, outcome: 'success' },
  });
});

t.test('what was answered is in the trail, whatever dies right after', async (t) => {
  const services = await startServices(t);
  const { client, db, gateway } = services;
  const answers = await Promise.all(
    Array.from({ length: 40 }, () => client.fetch('POST', '/osImages?imageType=SCRIPT', { Action: 'Init' })),
  );
  await gateway.kill('SIGKILL');
  const kept = new Set((await listAudit(db, { limit: 1_000 })).map(({ request_id }) => request_id));
  for (const answer of answers) {
    t.equal(answer.status, 200);
    t.ok(kept.has(answer.headers.get('x-request-id')!));
  }
});
