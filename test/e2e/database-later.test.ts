/** Services that are started before their database: they live, say that they are not ready, and go on when it is there. */
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import {
  NotStarted,
  type ServiceName,
  type ServiceProcess,
  startService,
} from '../../scripts/service-process.ts';
import { throughProxy } from '../chaos/cluster.ts';
import { RestClient } from '../support/client.ts';
import { freePort } from '../support/daemon.ts';
import { createEmptyDatabase, createTestDatabase } from '../support/database.ts';
import { bareEnvironment } from '../support/environment.ts';
import { startProxy } from '../support/proxy.ts';
import { until } from '../support/until.ts';

const password = 'Passw0rd-of-the-tests';

interface Waiting {
  start(name: ServiceName, env?: NodeJS.ProcessEnv, signal?: AbortSignal): Promise<ServiceProcess>;
  /** Where packager and gateway say how they are. */
  readonly health: Record<ServiceName, string>;
  /** Lines of all logs that say that somebody waits. */
  waits(): Promise<string[]>;
  readonly url: string;
}

/** Services that reach the database at `url` through a proxy only. */
async function makeWaiting(t: Test, url: string, proxy: { port: number }): Promise<Waiting> {
  const folder = await mkdtemp(join(tmpdir(), 'osimage-later-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const logFile = join(folder, 'log');
  const log = openSync(logFile, 'a');
  t.teardown(() => closeSync(log));
  const [grpc, metrics, port] = [await freePort(), await freePort(), await freePort()];
  const env = {
    ...bareEnvironment(),
    DATABASE_URL: throughProxy(url, proxy),
    DATA_DIR: folder,
    PACKAGER_LISTEN: `127.0.0.1:${grpc}`,
    PACKAGER_METRICS_LISTEN: `127.0.0.1:${metrics}`,
    GATEWAY_PORT: String(port),
    ADMIN_PASSWORD: password,
    DRAIN_SECONDS: '1',
  };
  return {
    async start(name, more = {}, signal) {
      const options = { env: { ...env, ...more }, stdout: log, stderr: log, ...(signal && { signal }) };
      const service = await startService(name, options);
      t.teardown(() => service.stop(20_000));
      return service;
    },
    health: { packager: `http://127.0.0.1:${metrics}`, gateway: `http://127.0.0.1:${port}` },
    waits: async () =>
      (await readFile(logFile, 'utf8')).split('\n').filter((line) => /waiting for the database/.test(line)),
    url: `http://127.0.0.1:${port}`,
  };
}

async function status(url: string): Promise<number | undefined> {
  return (await fetch(url).catch(() => undefined))?.status;
}

function socketOf(url: string): string {
  const { searchParams } = new URL(url);
  return `${searchParams.get('host')}/.s.PGSQL.${searchParams.get('port')}`;
}

t.test('both wait', async (t) => {
  const url = await createEmptyDatabase(t);
  const proxy = await startProxy(t, socketOf(url));
  proxy.cut(true);
  const { start, health, waits, url: at } = await makeWaiting(t, url, proxy);
  const starting = Promise.all([start('packager'), start('gateway')]);
  for (const service of Object.values(health)) {
    await until(async () => (await status(`${service}/healthz`)) === 200);
    t.equal(await status(`${service}/readyz`), 503);
  }
  const refused = await fetch(`${at}/osImages`);
  t.equal(refused.status, 503);
  t.ok(Number(refused.headers.get('retry-after')) >= 1, 'and when to come back');
  t.match(await refused.json(), { result: 'failed', messages: [{ text: /cannot reach its database/ }] });
  await until(async () => (await waits()).length === 2);
  const tried = proxy.accepted;
  await until(() => proxy.accepted >= tried + 6);
  t.equal((await waits()).length, 2, 'each has said so once');
  for (const line of await waits()) t.match(JSON.parse(line), { why: /./ });
  proxy.cut(false);
  await starting;
  await until(async () => (await status(`${at}/readyz`)) === 200);
  t.equal(await status(`${health.packager}/readyz`), 200);
  t.equal((await new RestClient(at, 'USERID', password).fetch('GET', '/osImages')).status, 200);
});

t.test('told to stop while it waits', async (t) => {
  const url = await createEmptyDatabase(t);
  const proxy = await startProxy(t, socketOf(url));
  const { start, waits } = await makeWaiting(t, url, proxy);
  // Unreachable, and a connection on which nothing comes back.
  for (const [index, away] of [proxy.cut, proxy.silence].entries())
    for (const name of ['packager', 'gateway'] as const) {
      away(true);
      const stop = new AbortController();
      const accepted = proxy.accepted;
      const starting = start(name, {}, stop.signal).catch((error: unknown) => error);
      await until(() => proxy.accepted > accepted);
      if (index === 0) await until(async () => (await waits()).at(-1)?.includes(`"${name}"`));
      stop.abort();
      const ended = await starting;
      t.ok(ended instanceof NotStarted);
      t.match(ended, { ended: { code: 0, signal: null } }, name);
      away(false);
    }
});

t.test('the database is there, and not ready for this version', async (t) => {
  const { url, db } = await createTestDatabase(t);
  const proxy = await startProxy(t, socketOf(url));
  const { start, health, url: at } = await makeWaiting(t, url, proxy);
  let starting: Promise<ServiceProcess> | undefined;
  await db.transaction(async (tx) => {
    // Whoever makes the first account waits here.
    await tx.query('lock table users in access exclusive mode');
    starting = start('gateway');
    await until(async () => (await status(`${health.gateway}/healthz`)) === 200);
    for (const path of ['/osImages', '/nowhere', '/readyz']) t.equal(await status(`${at}${path}`), 503, path);
    t.match(await (await fetch(`${at}/readyz`)).json(), { database: false });
  });
  await starting;
  t.equal(await status(`${at}/osImages`), 401, 'now it asks who that is');
});
