/** Every process is stopped and started again, one after the other, while callers go on: nothing is lost, nothing fails. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { findJobs } from '@osimage/database';
import t, { type Test } from 'tap';
import { makeBigProfile } from '../support/big-profile.ts';
import { freePort } from '../support/daemon.ts';
import { adminPassword, adminUser, startServices } from '../support/services.ts';
import { until } from '../support/until.ts';
import { FleetClient } from './fleet-client.ts';
import { wrongFiles, wrongRows } from './invariants.ts';
import { startLoad, wrongAccepted } from './load.ts';
import { watchRows } from './row-watch.ts';

/** Between two imports. */
const restMs = 100;
/** Of each kind of call, before and after each restart. */
const enough = 3;

/** Callers that import small files, and read, until `signal` aborts; counts what they did. */
function startOthers(client: FleetClient, folder: string, signal: AbortSignal) {
  const done = { imports: [] as string[], reads: 0 };
  const importing = async () => {
    for (let number = 0; !signal.aborted; number += 1) {
      const path = join(folder, `${number}.cmd`);
      await writeFile(path, `rem ${number}\n`);
      const order = { imageType: 'SCRIPT', name: `script-${number}.cmd`, os: 'win', path };
      done.imports.push(await client.startImport(order));
      await pause(restMs);
    }
  };
  const reading = async () => {
    for (; !signal.aborted; done.reads += 1) {
      await client.ok('GET', '/osImages?limit=5');
      const last = done.imports.at(-1);
      if (last !== undefined) await client.ok('GET', `/tasks/${last}`);
    }
  };
  return { done, ended: Promise.all([importing(), reading(), reading()]) };
}

async function prepare(t: Test) {
  const ports = { packagers: [await freePort(), await freePort()], gateway: await freePort() };
  const listen = ports.packagers.map((port) => `127.0.0.1:${port}`);
  const services = await startServices(t, {
    packagers: 0,
    laterPackagers: listen,
    // As long as by default: a tenth is what balancers have to hear of it.
    env: { DRAIN_SECONDS: '10' },
  });
  for (const address of listen) await services.addPackager({ PACKAGER_LISTEN: address });
  const second = await services.addGateway({ GATEWAY_PORT: String(ports.gateway) });
  const folder = await mkdtemp(join(tmpdir(), 'osimage-rolling-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const { addGateway, addPackager } = services;
  const gateways = [services.gateway, second];
  const parts = [
    ...gateways.map((first) => ({
      first,
      again: () => addGateway({ GATEWAY_PORT: new URL(first.url).port }),
    })),
    ...services.packagers.map((first) => ({
      first,
      again: () => addPackager({ PACKAGER_LISTEN: first.address }),
    })),
  ];
  const client = new FleetClient(
    t,
    gateways.map(({ url }) => url),
    adminUser,
    adminPassword,
  );
  return { ...services, folder, client, parts };
}

t.test('a rolling restart of everything under load', async (t) => {
  const { db, dataDir, client, folder, parts } = await prepare(t);
  const violations = await watchRows(db);
  const profileId = await makeBigProfile(client, folder, 4);
  const load = startLoad(t, client, profileId);
  const stop = new AbortController();
  const others = startOthers(client, folder, stop.signal);
  t.teardown(() => stop.abort());
  const goesOn = async () => {
    const { reads, imports } = others.done;
    const before = { reads, imports: imports.length, exports: load.accepted.length };
    const isEnough = () =>
      others.done.reads >= before.reads + enough &&
      others.done.imports.length >= before.imports + enough &&
      load.accepted.length >= before.exports + enough;
    // A caller that got a wrong answer has stopped, and says which.
    await Promise.race([until(isEnough), others.ended]);
  };
  for (const { first, again } of parts) {
    await goesOn();
    await first.kill('SIGTERM');
    await goesOn();
    await again();
  }
  await goesOn();
  stop.abort();
  await Promise.all([others.ended, load.stop()]);
  t.strictSame([load.wrong, load.broken, client.broken], [[], [], []], 'no call failed');
  t.comment(`${client.refused} calls were told to come back`);
  const ids = [...load.accepted, ...others.done.imports];
  await until(async () => (await findJobs(db, ids)).every((job) => job.ended_at !== null));
  for (const { id, state, kind } of await findJobs(db, ids))
    if (state !== 'Complete') t.fail(`${kind} ${id} is ${state}`);
  t.strictSame(await wrongAccepted(db, load), [], 'every export that was accepted is there, once');
  await until(async () => (await wrongRows(db)).length === 0).catch(() => {});
  t.strictSame(await wrongRows(db), []);
  t.strictSame(await wrongFiles(db, { root: join(dataDir, 'store') }), []);
  t.strictSame(await violations(), []);
});
