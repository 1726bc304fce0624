/** A job is cancelled, and then the database goes away: what its attempt has written in the store is removed all the same. */
import { mkdir, readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { cancelJobs, findJobs, openDatabase } from '@osimage/database';
import t, { type Test } from 'tap';
import { Runner } from '../../services/packager/jobs/run.ts';
import { startExport } from '../../services/packager/jobs/start-export.ts';
import { createImport, startImport } from '../../services/packager/jobs/start-import.ts';
import { holdAtSteps } from '../../services/packager/steps.ts';
import { throughProxy } from '../chaos/cluster.ts';
import { someBytes } from '../support/delivery.ts';
import { startProxy } from '../support/proxy.ts';
import { openSite, putImage, type Site } from '../support/site.ts';

const image = 'rhels9.4';
const user = 'USERID';

/**
 * Runs a job on a database that is cut off in the middle of its bytes, right after the attempt has heard of the cancel.
 * Whoever cancelled it died before removing anything. Gives the files below `folder` of the store, then and at the end.
 */
async function cutOff(t: Test, site: Site, jobId: string, folder: string) {
  const { searchParams } = new URL(site.db.url);
  const proxy = await startProxy(t, `${searchParams.get('host')}/.s.PGSQL.${searchParams.get('port')}`);
  const db = openDatabase(throughProxy(site.db.url, proxy));
  t.teardown(() => db.close());
  const runner = new Runner({ ...site.context, db });
  const files = async () =>
    (await readdir(join(site.context.store.root, folder), { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map(({ name }) => name);
  let written: string[] = [];
  holdAtSteps(async (step) => {
    if (step !== 'middle') return;
    await site.db.transaction((tx) => cancelJobs(tx, [jobId], user));
    await runner.stopEnded(jobId);
    proxy.cut(true);
    written = await files();
  });
  t.teardown(() => holdAtSteps(async () => {}));
  const { rows } = await site.db.query<{ queue_id: string }>('select queue_id from jobs where id = $1', [
    jobId,
  ]);
  await runner.run(jobId, rows[0]!.queue_id, new AbortController().signal).catch(() => {});
  return { written, left: await files() };
}

async function attemptsOf({ context }: Site): Promise<string> {
  const metrics = await context.metrics.registry.metrics();
  return metrics
    .split('\n')
    .filter((line) => line.startsWith('osimage_job_attempts_total'))
    .join('\n');
}

t.test('an export', async (t) => {
  const site = await openSite(t);
  await putImage(site, image);
  const file = await site.imported('SCRIPT', 'a.sh', someBytes(2_000_000).toString('hex'), 'rhels');
  const profileId = await site.profile(`${image}|${image}-x86_64-install-Minimal`, 'web', { script: [file] });
  const order = { profileId, serverId: '', path: '', user, requestId: '', idempotencyKey: '' };
  const { jobId, filename } = await startExport(site.context, {
    ...order,
    signal: AbortSignal.timeout(60_000),
  });
  const { written, left } = await cutOff(t, site, jobId, 'exports');
  t.strictSame(written, [filename], 'it was being written');
  t.strictSame(left, []);
  t.match(await findJobs(site.db, [jobId]), [{ state: 'Cancelled' }]);
  t.match(await attemptsOf(site), /kind="export",outcome="stopped"} 1/);
  t.notMatch(await attemptsOf(site), /kind="export",outcome="complete"/);
});

t.test('a file that is being fetched', async (t) => {
  const site = await openSite(t);
  const content = someBytes(4_000_000);
  const server = createServer((_request, response) => void response.end(content));
  t.teardown(() => void server.close());
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  await site.db.query(
    `insert into servers (id, display_name, address, port, protocol, created_by, modified_by)
     values ('1', 'other', '127.0.0.1', $1, 'HTTP', 'x', 'x')`,
    [(server.address() as AddressInfo).port],
  );
  await mkdir(join(site.context.store.root, 'staging'), { recursive: true });
  const { jobId } = await createImport(site.context, {
    imageType: 'SCRIPT',
    fileSize: 0,
    user,
    requestId: '',
  });
  const order = { imageType: 'SCRIPT', name: 'a.cmd', os: 'win', osrelease: '', description: '', size: 0 };
  await startImport(site.context, jobId, { ...order, serverId: '1', path: '/a.cmd' }, user);
  const { written, left } = await cutOff(t, site, jobId, 'staging');
  t.strictSame(written, [`${jobId}-1`], 'it was being fetched');
  t.strictSame(left, []);
  t.match(await findJobs(site.db, [jobId]), [{ state: 'Cancelled' }]);
});
