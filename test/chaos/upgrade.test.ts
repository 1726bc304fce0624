/** The previous version's services and this one's, side by side on one database and one store, and back again. */
import { join } from 'node:path';
import { findJobs, openDatabase } from '@osimage/database';
import t, { type Test } from 'tap';
import { RestClient } from '../support/client.ts';
import { freePort } from '../support/daemon.ts';
import { createEmptyDatabase } from '../support/database.ts';
import { addFinishedJobs, countLeft } from '../support/finished-jobs.ts';
import { adminPassword, adminUser, startServices } from '../support/services.ts';
import { startSshd } from '../support/sshd.ts';
import { until } from '../support/until.ts';
import { makeHolds } from './holds.ts';
import { wrongDelivery, wrongFiles, wrongRows } from './invariants.ts';
import { kinds, prepareJobs, type StartedJob } from './job-kinds.ts';
import { previousCheckout } from './previous.ts';
import { watchRows } from './row-watch.ts';

/** An installation of the previous version that has been in use. */
async function prepare(t: Test) {
  const checkout = await previousCheckout(t);
  const sftp = await startSshd(t);
  if (checkout === undefined || sftp === undefined) return undefined;
  const url = await createEmptyDatabase(t);
  const db = openDatabase(url, { name: 'test' });
  t.teardown(() => db.close());
  const later = `127.0.0.1:${await freePort()}`;
  const services = await startServices(t, {
    checkout,
    database: { url, db },
    packagers: 0,
    laterPackagers: [later],
    env: { PACKAGER_LISTEN: later, PACKAGER_JOBS: '16', DRAIN_SECONDS: '5' },
  });
  const startPackager = (env: NodeJS.ProcessEnv, whose?: string) => services.addPackager(env, whose);
  return { ...services, startPackager, checkout, sftp };
}

t.test('old and new side by side', async (t) => {
  const old = await prepare(t);
  if (!old) return;
  const { db, dataDir, checkout, sftp } = old;
  const oldHolds = await makeHolds(t, checkout);
  const newHolds = await makeHolds(t);
  const oldPackager = await old.startPackager(oldHolds.env);
  const jobs = await prepareJobs(t, old.client, sftp);
  const all: StartedJob[] = [];
  const startEach = async (by: RestClient) => {
    const started: StartedJob[] = [];
    for (const kind of kinds) started.push(await jobs.start(kind, by));
    all.push(...started);
    return started;
  };
  const complete = async (t: Test, started: readonly StartedJob[], what: string) => {
    const ids = started.map(({ id }) => id);
    await until(async () => (await findJobs(db, ids)).every((job) => job.ended_at !== null));
    for (const [index, row] of (await findJobs(db, ids)).entries()) {
      const { kind, folder } = started[index]!;
      t.match(row, { state: 'Complete', percent: 100, error: null }, `${kind}: ${what}`);
      if (folder !== '') t.strictSame(await wrongDelivery(folder, row), [], `${kind}: ${what}`);
    }
  };
  const holdEach = async (holds: typeof oldHolds, by: RestClient) => {
    await holds.others('unknown');
    const started = await startEach(by);
    for (const { id } of started) await holds.at(id, 'middle');
    await holds.held(started.map(({ id }) => id));
    await holds.others('nowhere');
    return started;
  };
  await complete(t, await startEach(old.client), 'the previous version alone');

  const gateway = await old.addGateway({}, join(import.meta.dirname, '../..'));
  const fresh = new RestClient(gateway.url, adminUser, adminPassword);
  const violations = await watchRows(db);
  await complete(t, await startEach(old.client), 'the previous version on the new schema');
  await complete(t, await startEach(fresh), 'new gateway, old packager');

  const midway = await holdEach(oldHolds, fresh);
  const longAgo = await addFinishedJobs(db, { count: 3, endedAgo: '100 days' });
  await oldPackager.kill('SIGKILL');
  const newPackager = await old.startPackager(newHolds.env, join(import.meta.dirname, '../..'));
  await complete(t, midway, 'begun by the old packager, ended by the new one');
  await complete(t, await startEach(old.client), 'old gateway, new packager');
  const purge = await until(async () => {
    const { rows } = await db.query<{ id: string }>(`select id::text from jobs where kind = 'purge'`);
    return rows[0]?.id;
  });
  t.match(await old.client.ended(purge), { status: 'Complete' }, 'a kind of job only the new version knows');
  t.strictSame(await countLeft(db, longAgo), [0, 0, 0]);
  await complete(t, await startEach(fresh), 'the new version');

  const back = await holdEach(newHolds, old.client);
  await newPackager.kill('SIGKILL');
  await old.startPackager({}, checkout);
  await complete(t, back, 'begun by the new packager, ended by the old one');
  // Rolled back, the previous version starts on the schema of this one.
  await old.gateway.kill('SIGTERM');
  const again = await old.addGateway({}, checkout);
  const rolledBack = new RestClient(again.url, adminUser, adminPassword);
  await complete(t, await startEach(rolledBack), 'the previous version again');
  for (const id of [...all.map((job) => job.id), purge])
    t.equal((await rolledBack.task(id)).status, 'Complete', 'and it reads every job');

  await until(async () => (await wrongRows(db)).length === 0).catch(() => {});
  t.strictSame(await wrongRows(db), []);
  t.strictSame(await wrongFiles(db, { root: join(dataDir, 'store') }), []);
  t.strictSame(await violations(), []);
});
