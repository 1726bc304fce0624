/**
 * A delivery that is cancelled while no worker has it: its partial file is taken away all the same, or its job tells of it.
 * It is cut while it waits for its rate and nothing is on the way: once, nobody noticed that, and it stayed so for ever.
 */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { makeBigProfile } from '../support/big-profile.ts';
import type { Task } from '../support/client.ts';
import { startProxy } from '../support/proxy.ts';
import { startServices } from '../support/services.ts';
import { startSshd } from '../support/sshd.ts';
import { until } from '../support/until.ts';

const MIB = 1024 * 1024;

/** An export that is in the middle of sending, on its way through a proxy. */
async function begin(t: Test) {
  const sftp = await startSshd(t);
  if (sftp === undefined) return undefined;
  const services = await startServices(t);
  const { client, dataDir } = services;
  const profileId = await makeBigProfile(client, dataDir, 24);
  const proxy = await startProxy(t, sftp.port);
  const { address, username, password, folder } = sftp;
  const { serverId } = await client.ok<{ serverId: string }>('POST', '/osImages/remoteFileServers', {
    displayName: 'left',
    address,
    port: proxy.port,
    protocol: 'SFTP',
    username,
    password,
    bytesPerSecond: 4 * MIB,
  });
  const path = encodeURIComponent(`${folder}/f`);
  const { jobID } = await client.export(profileId, `?serverId=${serverId}&path=${path}`);
  const partial = `.f.${jobID}-1.part`;
  await until(async () => ((await stat(join(folder, partial)).catch(() => undefined))?.size ?? 0) > MIB);
  const cancel = () => client.ok('PUT', '/tasks', { action: 'cancel', list: [jobID] });
  const ended = async () => (await client.ended(jobID)) as Task & { notes: string[] };
  return { ...services, folder, partial, proxy, jobID, cancel, ended };
}

t.test('between two attempts', async (t) => {
  const job = await begin(t);
  if (job === undefined) return;
  const { client, folder, partial, proxy, jobID, cancel, ended } = job;
  proxy.cut(true);
  await client.watch(jobID, ({ attempts }) => attempts.some(({ error }) => error));
  t.strictSame(await readdir(folder), [partial], 'the next attempt was to go on with it');
  proxy.cut(false);
  await cancel();
  t.strictSame(await readdir(folder), [], 'gone when the cancel is answered');
  t.match(await ended(), { status: 'Cancelled', notes: [] });
});

t.test('between two attempts, and the server cannot be reached', async (t) => {
  const job = await begin(t);
  if (job === undefined) return;
  const { client, db, partial, proxy, jobID, cancel, ended } = job;
  proxy.cut(true);
  await client.watch(jobID, ({ attempts }) => attempts.some(({ error }) => error));
  await cancel();
  t.equal((await ended()).status, 'Cancelled');
  // The sweeper tries once more when every worker has had its time.
  await db.query(`update jobs set ended_at = ended_at - interval '1 hour' where id = $1`, [jobID]);
  const { notes } = await until(async () => {
    const task = await ended();
    return task.notes.length > 0 && task;
  });
  t.match(notes, [new RegExp(`^A partial file may be left on .*could not be asked.*${partial}`)]);
  t.equal(notes.length, 1);
});

t.test('by a packager that died', async (t) => {
  const job = await begin(t);
  if (job === undefined) return;
  const { addPackager, db, folder, jobID, packagers, cancel, ended } = job;
  await packagers[0]!.kill('SIGKILL');
  await addPackager({ PACKAGER_LISTEN: packagers[0]!.address });
  await until(() =>
    cancel().then(
      () => true,
      () => undefined,
    ),
  );
  t.equal((await ended()).status, 'Cancelled');
  await db.query(`update jobs set ended_at = ended_at - interval '1 hour' where id = $1`, [jobID]);
  await until(async () => (await readdir(folder)).length === 0);
  t.match(await ended(), { status: 'Cancelled', notes: [] });
});

t.test('a worker that lives removes it, and nobody is asked again', async (t) => {
  const job = await begin(t);
  if (job === undefined) return;
  const { db, folder, jobID, cancel, ended } = job;
  await cancel();
  await until(async () => {
    const { rows } = await db.query<{ left: boolean }>(
      'select checkpoint is not null as left from jobs where id = $1',
      [jobID],
    );
    return rows[0]?.left === false;
  });
  t.strictSame(await readdir(folder), []);
  t.match(await ended(), { status: 'Cancelled', notes: [] });
});
