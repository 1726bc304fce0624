/** Uploads that do not come to their end, or not alone: cut off, too large, cancelled, silent, twice, without a packager. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cancelJobs } from '@osimage/database';
import { Problem } from '@osimage/errors';
import t from 'tap';
import { holdLease } from '../../services/gateway/uploads/lease.ts';
import { userName } from '../support/gateway.ts';
import {
  answerOf,
  beginUpload,
  formOf,
  importGateway,
  opening,
  sizeOf,
  staged,
} from '../support/import-gateway.ts';
import { until } from '../support/until.ts';

t.test('an upload cut off half way leaves nothing, and the job says so', async (t) => {
  const gateway = await importGateway(t);
  const { create, job, staging, packager } = gateway;
  for (const sent of [0, 1, 100_000, 3_000_000]) {
    const jobId = await create();
    const socket = beginUpload(gateway, jobId, 10_000_000, `${opening}${'x'.repeat(sent)}`);
    await until(
      async () =>
        (await sizeOf(join(staging, jobId))) >= Math.floor(sent / 2 ** 20) * 2 ** 20 &&
        (await staged(gateway)).length > 0,
    );
    socket.destroy();
    await until(async () => (await job(jobId)).ended_at !== null);
    const ended = await job(jobId);
    t.match(
      ended,
      { state: 'Interrupted', percent: 100, error: { code: 'upload_cut_off' } },
      `${sent} bytes`,
    );
    t.strictSame(await staged(gateway), []);
  }
  const cut = await create();
  const { code, text } = await gateway.upload(
    cut,
    'imageType=SCRIPT&imageName=a.sh',
    `${opening}content\r\n--edge`,
  );
  t.equal(code, 400, 'a body without its last boundary is cut off too');
  t.match(text, /before it was complete/);
  t.equal((await job(cut)).state, 'Interrupted');
  t.strictSame(await staged(gateway), []);
  t.equal(packager.started, 0);
});

t.test('a size that is not the announced one ends the import', async (t) => {
  const gateway = await importGateway(t);
  const { create, upload, job } = gateway;
  for (const [announced, sent] of [
    [5, 'four'],
    [3, 'four'],
  ] as const) {
    const jobId = await create('SCRIPT', announced);
    const { code, text } = await upload(jobId, 'imageType=SCRIPT&imageName=a.sh', formOf(sent));
    t.equal(code, 400);
    t.match(text, `announced ${announced} bytes`);
    t.equal((await job(jobId)).state, 'Interrupted');
    t.strictSame(await staged(gateway), []);
  }
});

t.test('an upload that cannot fit is refused before its first byte', async (t) => {
  const gateway = await importGateway(t);
  const jobId = await gateway.create();
  const socket = beginUpload(gateway, jobId, 900_000_000_000_000, opening);
  const text = await answerOf(socket);
  t.match(text, /^HTTP\/1\.1 507 /);
  // The file and what is packed of it lie beside each other for a while.
  t.match(text, /18000\d+ bytes are needed, \d+ are available on the store, \d+ could be freed/);
  socket.destroy();
});

t.test('a cancelled import stops its upload', async (t) => {
  const gateway = await importGateway(t);
  const { create, db, staging } = gateway;
  const jobId = await create();
  const socket = beginUpload(gateway, jobId, 10_000_000, `${opening}${'x'.repeat(2_000_000)}`);
  await until(async () => (await sizeOf(join(staging, jobId))) > 0);
  await until(async () => (await gateway.job(jobId)).step.includes('2000000 bytes'));
  await cancelJobs(db, [jobId], 'USERID');
  const text = await answerOf(socket);
  t.match(text, /^HTTP\/1\.1 409 /);
  t.strictSame(await staged(gateway), []);
  t.equal((await gateway.job(jobId)).state, 'Cancelled');
  socket.destroy();
});

t.test('an upload that goes silent is given up, one that goes on is not', async (t) => {
  const { db, create, services, packager } = await importGateway(t);
  const jobId = await create();
  let bytes = 0;
  const lease = (silenceMs: number) =>
    holdLease({
      packager,
      jobId,
      call: { user: userName },
      log: services.log,
      silenceMs,
      received: () => bytes++,
    });
  const silent = await holdLease({
    ...{ packager, jobId, call: { user: userName }, log: services.log, silenceMs: -1, received: () => 7 },
  });
  await until(() => silent.signal.aborted);
  t.match(silent.signal.reason, { code: 'upload_cut_off', params: { received: 7 } });
  await silent.stop();
  const busy = await lease(-1);
  await until(() => bytes > 3);
  t.notOk(busy.signal.aborted);
  await cancelJobs(db, [jobId], userName);
  await until(() => busy.signal.aborted);
  t.match(busy.signal.reason, { code: 'job_not_waiting' });
  await busy.stop();
  await t.rejects(lease(60_000), { code: 'job_not_waiting' }, 'nothing begins for an import that ended');
});

t.test('two uploads at once: the second is refused, the first goes on', async (t) => {
  const gateway = await importGateway(t);
  const { create, staging, upload } = gateway;
  const jobId = await create();
  const tail = '\r\n--edge--\r\n';
  const socket = beginUpload(gateway, jobId, opening.length + 7 + tail.length, `${opening}content`);
  await until(async () => (await staged(gateway)).length > 0);
  const second = await upload(jobId, 'imageType=SCRIPT&imageName=a.sh', formOf('other'));
  t.equal(second.code, 409, second.text);
  socket.write(tail);
  t.match(await answerOf(socket), /^HTTP\/1\.1 200 /);
  t.equal(await readFile(join(staging, jobId), 'utf8'), 'content');
  socket.destroy();
});

t.test('without a packager nothing is kept, and the caller may try again', async (t) => {
  const gateway = await importGateway(t);
  const jobId = await gateway.create();
  const { packager } = gateway;
  const { renewImport } = packager;
  packager.renewImport = () => Promise.reject(new Problem('unavailable', { what: 'the packaging service' }));
  const refused = await gateway.upload(jobId, 'imageType=SCRIPT&imageName=a.sh', formOf('x'));
  t.equal(refused.code, 503);
  t.strictSame(await staged(gateway), []);

  packager.renewImport = renewImport;
  const { startImport } = packager;
  let calls = 0;
  // Its answer is lost, although it did start the import.
  packager.startImport = async (request, call) => {
    if (calls++ > 0) return await startImport(request, call);
    await startImport(request, call);
    throw new Problem('unavailable', { what: 'the packaging service' });
  };
  const answer = await gateway.upload(jobId, 'imageType=SCRIPT&imageName=a.sh', formOf('x'));
  t.equal(answer.code, 200, answer.text);
  t.equal(packager.started, 1, 'started once');
  t.strictSame(await staged(gateway), [jobId]);
});

t.test('a leftover staging file of another job is not touched', async (t) => {
  const gateway = await importGateway(t);
  const jobId = await gateway.create();
  await gateway.upload(jobId, 'imageType=SCRIPT&imageName=a.sh', formOf('x'));
  await writeFile(join(gateway.staging, '77'), 'of another');
  const second = await gateway.create();
  t.equal((await gateway.upload(second, 'imageType=SCRIPT&imageName=a.exe', formOf('x'))).code, 400);
  t.strictSame((await staged(gateway)).sort(), ['77', jobId].sort());
});
