/** Jobs are cancelled where no worker has them, and where the remote server says nothing any more, at another gateway. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Database, findJobs, type JobRow } from '@osimage/database';
import t from 'tap';
import { RestClient } from '../support/client.ts';
import { freePort } from '../support/daemon.ts';
import { startProxy } from '../support/proxy.ts';
import { adminPassword, adminUser, startServices } from '../support/services.ts';
import { startSshd } from '../support/sshd.ts';
import { until } from '../support/until.ts';
import { makeHolds } from './holds.ts';
import { strayFiles, wrongRows } from './invariants.ts';
import { prepareJobs } from './job-kinds.ts';
import { watchRows } from './row-watch.ts';

async function rowOf(db: Database, id: string): Promise<JobRow> {
  return (await findJobs(db, [id]))[0]!;
}

async function holdsSlot(db: Database, id: string): Promise<boolean> {
  return (await db.query('select from jobs where id = $1 and slot is not null', [id])).rowCount === 1;
}

t.test('cancelled where no worker has it', async (t) => {
  const sftp = await startSshd(t);
  if (sftp === undefined) return;
  const holds = await makeHolds(t);
  const env = { PACKAGER_JOBS: '3', SERVER_JOBS: '1' };
  const listen = `127.0.0.1:${await freePort()}`;
  const services = await startServices(t, { env, laterPackagers: [listen], packagerEnv: holds.env });
  const { client, db, dataDir } = services;
  const violations = await watchRows(db);
  const { address, username, password } = sftp;
  const { start } = await prepareJobs(t, client, sftp);
  // Nobody listens there, so that an attempt fails and another one is due later.
  const gone = { displayName: 'gone', address, port: await freePort(), protocol: 'SFTP', username, password };
  const { serverId } = await client.ok<{ serverId: string }>('POST', '/osImages/remoteFileServers', gone);
  const { url } = await services.addGateway();
  const other = new RestClient(url, adminUser, adminPassword);
  const names: string[] = [];
  const cancelled: string[] = [];
  const cancel = async (id: string, what: string) => {
    // A gateway may still have to notice which packager is gone: then it says that it may be asked again.
    const once = async () =>
      (await other.fetch('PUT', '/tasks', { action: 'cancel', list: [id] })).status === 200;
    await until(once);
    await until(once);
    t.match(await rowOf(db, id), { state: 'Cancelled', percent: 100, error: { code: 'cancelled' } }, what);
    cancelled.push(id);
    names.push(what);
  };

  const unfed = await client.createImport('SCRIPT');
  await writeFile(join(dataDir, 'store/staging', unfed), 'the beginning of it');
  await cancel(unfed, 'an import that waits for its file');

  const path = '/nowhere/a.cmd';
  const order = { imageType: 'SCRIPT', name: 'a.cmd', os: 'win' };
  const later = await client.importRemote({ serverId, path }, order);
  await until(async () => (await rowOf(db, later)).step.startsWith('trying again'));
  await cancel(later, 'a fetch between two attempts');

  await holds.others('unknown');
  const first = await start('remote export');
  await holds.at(first.id, 'middle');
  await holds.held([first.id]);
  const inLine = await start('remote export');
  await until(async () => (await rowOf(db, inLine.id)).step.startsWith('waiting for a free slot'));
  await cancel(inLine.id, 'an export that waits for a slot of its server');
  const second = await start('local export');
  await holds.at(second.id, 'middle');
  await holds.held([second.id]);
  const queued = await start('upload');
  t.match(await rowOf(db, queued.id), { state: 'Pending', attempts: [] });
  await cancel(queued.id, 'an import that waits for a worker');
  const between = await start('local export');
  await cancel(between.id, 'an export that waits for a worker');

  await services.addPackager({ PACKAGER_LISTEN: listen });
  await until(async () => (await other.fetch('GET', '/readyz')).status === 200);
  // What it has begun lies there, and it will not come back for that.
  await services.packagers[0]!.kill('SIGKILL');
  await cancel(first.id, 'an export to a server whose worker has died');
  await cancel(second.id, 'an export whose worker has died');
  const left = async () => [
    ...(await wrongRows(db)),
    ...(await strayFiles(db, { root: join(dataDir, 'store') })),
  ];
  await until(async () => (await left()).length === 0).catch(() => {});
  t.strictSame(await left(), [], 'nothing is left, and no queue entry waits for what has ended');
  for (const [index, row] of (await findJobs(db, cancelled)).entries())
    t.equal(row.state, 'Cancelled', `${names[index]}: it stays so`);
  t.strictSame(await violations(), []);
});

t.test('cancelled while the remote server says nothing', async (t) => {
  const sftp = await startSshd(t);
  if (sftp === undefined) return;
  const holds = await makeHolds(t);
  const services = await startServices(t, { packagerEnv: { PACKAGER_JOBS: '16', ...holds.env } });
  const { client, db, dataDir } = services;
  const { url } = await services.addGateway();
  const other = new RestClient(url, adminUser, adminPassword);
  const quiet = await startProxy(t, sftp.port);
  quiet.silence(true);
  const proxy = await startProxy(t, sftp.port);
  const connecting = await prepareJobs(t, client, sftp, { port: quiet.port });
  const { address, username, password } = sftp;
  const server = { displayName: 'silent', address, port: proxy.port, protocol: 'SFTP', username, password };
  const { serverId } = await client.ok<{ serverId: string }>('POST', '/osImages/remoteFileServers', server);

  // Of each pair one is cancelled; the other one, which is as old, shows that nothing else has ended the waiting.
  const pairOf = async (begin: () => Promise<string>) => [await begin(), await begin()] as const;
  const exportTo = (name: string) => async () => {
    const query = `?serverId=${serverId}&path=${encodeURIComponent(`${sftp.folder}/${name}-`)}`;
    return (await client.export(connecting.profileId, `${query}${Date.now()}.tar.gz`)).jobID;
  };
  // Its second half is more than a fetch asks for in advance (4 MB), or it might have all of it when the silence begins.
  await writeFile(join(sftp.folder, 'large.cmd'), `rem ${'x'.repeat(24_000_000)}\n`);
  const order = { imageType: 'SCRIPT', name: 'large.cmd', os: 'win' };
  const fetchLarge = () => client.importRemote({ serverId, path: join(sftp.folder, 'large.cmd') }, order);

  await holds.others('middle');
  const sending = await pairOf(exportTo('sending'));
  const fetching = await pairOf(fetchLarge);
  await holds.held([...sending, ...fetching]);
  proxy.silence(true);
  await holds.others('nowhere');
  const greeting = await pairOf(async () => (await connecting.start('remote export')).id);
  const asking = await pairOf(async () => (await connecting.start('fetch')).id);
  await until(() => quiet.open >= 4);
  await holds.go();

  const pairs = { sending, fetching, 'exporting, not greeted': greeting, 'fetching, not greeted': asking };
  for (const [what, [id, twin]] of Object.entries(pairs)) {
    t.ok(await holdsSlot(db, id), `${what}: at the server`);
    await other.ok('PUT', '/tasks', { action: 'cancel', list: [id] });
    await until(async () => !(await holdsSlot(db, id)));
    t.match(
      await rowOf(db, twin),
      { state: 'Running', attempts: [{ ended_at: null }] },
      `${what}: the other waits on`,
    );
    t.match(await rowOf(db, id), { state: 'Cancelled', attempts: [{ error: { code: 'cancelled' } }] }, what);
    await other.ok('PUT', '/tasks', { action: 'cancel', list: [twin] });
  }
  await until(() => quiet.open === 0);
  const left = async () => [
    ...(await wrongRows(db)),
    ...(await strayFiles(db, { root: join(dataDir, 'store') })),
  ];
  await until(async () => (await left()).length === 0).catch(() => {});
  t.strictSame(await left(), []);
  const told = await rowOf(db, sending[0]);
  t.match(told.notes, [/A partial file may be left/], 'what cannot be removed is told');
});
