/** PostgreSQL is killed, or cannot be reached for a minute, while jobs of every kind are at every named step. */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { findJobs } from '@osimage/database';
import t, { type Test } from 'tap';
import { isAlive } from '../support/program.ts';
import { startProxy } from '../support/proxy.ts';
import { until } from '../support/until.ts';
import { startCluster, throughProxy } from './cluster.ts';
import { type HeldJob, type Installation, makeInstallation } from './installation.ts';
import { wrongDelivery, wrongFiles, wrongRows } from './invariants.ts';
import { type Load, startLoad, wrongAccepted } from './load.ts';

/** Longer than heartbeats, connection timeouts and pauses: it must really pass, for they are other people's clocks. */
const minuteMs = 60_000;
const enough = 5;

async function accepts(load: Load): Promise<void> {
  const before = load.accepted.length;
  await until(() => load.accepted.length >= before + enough);
}

/** Ends the load, lets the held jobs go, and checks everything once all has ended. */
async function checkAll(t: Test, installation: Installation, jobs: readonly HeldJob[], load: Load) {
  const { db, dataDir, gateway, packagers, holds } = installation;
  await load.stop();
  await holds.go();
  const ids = jobs.map(({ id }) => id);
  const all = [...ids, ...load.accepted];
  await until(async () => (await findJobs(db, all)).every((job) => job.ended_at !== null));
  t.ok(isAlive(gateway.pid) && isAlive(packagers[0]!.pid), 'no process has ended');
  t.ok(load.refused > 0, `${load.refused} calls were told to come back`);
  t.strictSame(load.wrong, [], 'and none anything else');
  t.strictSame(load.broken, [], 'or nothing');
  const rows = await findJobs(db, ids);
  t.equal(rows.length, ids.length, 'every job is there');
  for (const [index, { kind, step, folder }] of jobs.entries()) {
    const row = rows[index]!;
    t.match(row, { state: 'Complete', percent: 100, error: null }, `${kind}, at ${step}`);
    if (folder !== '') t.strictSame(await wrongDelivery(folder, row), [], `${kind}, at ${step}`);
  }
  t.strictSame(await wrongAccepted(db, load, ids), [], 'each export that was accepted is there, once');
  await until(async () => (await wrongRows(db)).length === 0).catch(() => {});
  t.strictSame(await wrongRows(db), []);
  t.strictSame(await wrongFiles(db, { root: join(dataDir, 'store') }), []);
  t.strictSame(await installation.violations(), []);
}

t.test('kill -9 of PostgreSQL in mid-job', async (t) => {
  const cluster = await startCluster(t);
  const installation = await makeInstallation(t, { database: cluster });
  if (!installation) return;
  const { client, holds, profileId } = installation;
  const jobs = await installation.startHeld();
  await holds.others('nowhere');
  const load = startLoad(t, client, profileId);
  // Once with the jobs of every kind at their steps, and once more while what was acknowledged since is under way.
  for (let times = 0; times < 2; times += 1) {
    await accepts(load);
    await cluster.kill();
  }
  await accepts(load);
  await checkAll(t, installation, jobs, load);
});

t.test('PostgreSQL cannot be reached for a minute', async (t) => {
  const cluster = await startCluster(t);
  const proxy = await startProxy(t, cluster.socket);
  const env = { DATABASE_URL: throughProxy(cluster.url, proxy) };
  const installation = await makeInstallation(t, { database: cluster, env });
  if (!installation) return;
  const { client, holds, profileId } = installation;
  const jobs = await installation.startHeld();
  await holds.others('nowhere');
  const load = startLoad(t, client, profileId);
  await accepts(load);
  proxy.cut(true);
  const id = jobs[0]!.id;
  const refused = async (method: string, path: string, body?: unknown) => {
    const answer = await until(async () => {
      const answer = await client.fetch(method, path, body);
      return answer.status === 200 ? undefined : answer;
    });
    t.equal(answer.status, 503, `${method} ${path}`);
    t.ok(Number(answer.headers.get('retry-after')) >= 1, 'and when to come back');
  };
  await refused('GET', `/tasks/${id}`);
  await refused('GET', '/osImages');
  await refused('POST', '/osImages/?imageType=SCRIPT', { Action: 'Init' });
  await refused('PUT', '/tasks', { action: 'cancel', list: [id] });
  await refused('DELETE', `/osImages/${encodeURIComponent(profileId)}`);
  await refused('GET', '/readyz');
  t.equal((await client.fetch('GET', '/healthz')).status, 200, 'it lives, and says so');
  await pause(minuteMs);
  await refused('GET', `/tasks/${id}`);
  proxy.cut(false);
  await accepts(load);
  await checkAll(t, installation, jobs, load);
});
