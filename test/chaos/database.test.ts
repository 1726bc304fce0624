/** PostgreSQL does not answer, in all the ways there are: callers hear when to come back, and jobs end once. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findJobs, openDatabase } from '@osimage/database';
import t, { type Test } from 'tap';
import { makeBigProfile } from '../support/big-profile.ts';
import type { RestClient } from '../support/client.ts';
import { createEmptyDatabase, createTestDatabase } from '../support/database.ts';
import { isAlive } from '../support/program.ts';
import { startProxy } from '../support/proxy.ts';
import { type RunningServices, startServices } from '../support/services.ts';
import { until } from '../support/until.ts';
import { makeHolds } from './holds.ts';
import { wrongFiles, wrongRows } from './invariants.ts';
import { watchRows } from './row-watch.ts';

/** Asks until it is refused, and checks how. */
async function refusedFor(t: Test, client: RestClient, path: string): Promise<void> {
  const answer = await until(async () => {
    const answer = await client.fetch('GET', path);
    return answer.status === 200 ? undefined : answer;
  });
  t.equal(answer.status, 503, path);
  t.ok(Number(answer.headers.get('retry-after')) >= 1, 'and says when to come back');
}

async function checkAll(t: Test, { db, dataDir }: RunningServices, violations: () => Promise<string[]>) {
  await until(async () => (await wrongRows(db)).length === 0).catch(() => {});
  t.strictSame(await wrongRows(db), []);
  t.strictSame(await wrongFiles(db, { root: join(dataDir, 'store') }), []);
  t.strictSame(await violations(), []);
}

async function profileOf(t: Test, services: RunningServices): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'osimage-database-'));
  t.teardown(() => rm(folder, { recursive: true }));
  return await makeBigProfile(services.client, folder, 4);
}

t.test('a network that swallows what is said to the database', async (t) => {
  const database = await createTestDatabase(t);
  const address = new URL(database.url);
  const socket = `${address.searchParams.get('host')}/.s.PGSQL.${address.searchParams.get('port')}`;
  const proxies = { gateway: await startProxy(t, socket), packager: await startProxy(t, socket) };
  const through = ({ port }: { port: number }) => ({
    DATABASE_URL: `postgresql://${address.searchParams.get('user')}@127.0.0.1:${port}${address.pathname}`,
  });
  const holds = await makeHolds(t);
  const services = await startServices(t, {
    database,
    env: through(proxies.gateway),
    packagerEnv: { ...through(proxies.packager), ...holds.env },
  });
  const { client, db, packagers, gateway } = services;
  const violations = await watchRows(db);
  const profileId = await profileOf(t, services);
  await holds.others('unknown');
  const { jobID: middle } = await client.export(profileId);
  await holds.at(middle, 'middle');
  const { jobID: ending } = await client.export(profileId);
  await holds.at(ending, 'before-commit');
  await holds.held([middle, ending]);

  proxies.packager.silence(true);
  proxies.gateway.silence(true);
  await refusedFor(t, client, `/osImages/${encodeURIComponent(profileId)}`);
  proxies.gateway.silence(false);
  await until(async () => (await client.fetch('GET', '/osImages?limit=1')).status === 200);
  t.pass('the gateway finds its way back');

  await services.addPackager({ DATABASE_URL: database.url, NODE_OPTIONS: '' });
  const [cutOff, other] = packagers;
  const ended = async (id: string) => (await findJobs(db, [id])).every((job) => job.ended_at !== null);
  await until(async () => (await ended(middle)) && (await ended(ending)));
  for (const job of await findJobs(db, [middle, ending])) {
    t.match(job, { state: 'Complete', error: null });
    t.equal(
      job.attempts.at(-1)?.worker.split('/').at(-1),
      String(other!.pid),
      'a packager that is not cut off ends it',
    );
  }
  await holds.go();
  await holds.others('nowhere');
  // It is alone again, and everything it had was swallowed: its own pool, its queue's, and what it listens on.
  await other!.kill('SIGTERM');
  proxies.packager.silence(false);
  const { jobID: later } = await until(async () => {
    const answer = await client.fetch('GET', `/osImages/${encodeURIComponent(profileId)}`);
    return answer.status === 200 && ((await answer.json()) as { jobID: string });
  });
  t.match(await until(async () => (await ended(later)) && (await findJobs(db, [later]))[0]), {
    state: 'Complete',
  });
  t.ok(isAlive(gateway.pid) && isAlive(cutOff!.pid), 'no process has ended');
  await checkAll(t, services, violations);
});

t.test('no connection is to be had', async (t) => {
  const empty = new URL(await createEmptyDatabase(t));
  const db = openDatabase(empty.href, { max: 2 });
  t.teardown(() => db.close());
  const name = empty.pathname.slice(1);
  // Limits do not hold for a superuser.
  await db.query(`create role ${name} login`);
  await db.query(`alter database ${name} owner to ${name}`);
  empty.searchParams.set('user', name);
  const holds = await makeHolds(t);
  const services = await startServices(t, { database: { url: empty.href, db }, packagerEnv: holds.env });
  const { client, packagers, gateway } = services;
  const violations = await watchRows(db);
  await db.query(`grant insert on violations to ${name}`);
  const profileId = await profileOf(t, services);
  await holds.others('unknown');
  const { jobID } = await client.export(profileId);
  await holds.at(jobID, 'middle');
  await holds.held([jobID]);

  await db.query(`alter database ${name} connection limit 0`);
  await db.query('select pg_terminate_backend(pid) from pg_stat_activity where usename = $1', [name]);
  await refusedFor(t, client, `/tasks/${jobID}`);
  await refusedFor(t, client, `/osImages/${encodeURIComponent(profileId)}`);
  await holds.go();
  await db.query(`alter database ${name} connection limit -1`);
  await until(async () => (await findJobs(db, [jobID])).every((job) => job.ended_at !== null));
  t.match(await client.task(jobID), { status: 'Complete' });
  t.ok(isAlive(gateway.pid) && isAlive(packagers[0]!.pid), 'no process has ended');
  await checkAll(t, services, violations);
  t.teardown(async () => {
    await db.query(`reassign owned by ${name} to current_user`);
    await db.query(`drop owned by ${name}`);
  });
});
