/** Delivery over SFTP through the front door, and what a person is told when it cannot be. */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { makeBigProfile } from '../support/big-profile.ts';
import { importWindows } from '../support/sample-profile.ts';
import { type RunningServices, startServices } from '../support/services.ts';
import { startSshd } from '../support/sshd.ts';
import { until } from '../support/until.ts';

const run = promisify(execFile);

async function temporaryFolder(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'osimage-sftp-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function addServer(
  { client }: RunningServices,
  server: { address: string; port: number; username: string; password: string },
): Promise<string> {
  const { address, port, username, password } = server;
  const displayName = `server ${address} ${port} ${username} ${password.length}`;
  const profile = { displayName, address, port, protocol: 'SFTP', username, password };
  return (await client.ok<{ serverId: string }>('POST', '/osImages/remoteFileServers', profile)).serverId;
}

t.test('an archive goes to OpenSSH, and every refusal says what to do', async (t) => {
  const services = await startServices(t);
  const { client, db } = services;
  const folder = await temporaryFolder(t);
  const sftp = await startSshd(t);
  if (sftp === undefined) return;
  const imageId = await importWindows(client, folder, 'win2016');
  const profileId = `${imageId}|${imageId}-x86_64-install-Standard`;
  const serverId = await addServer(services, sftp);
  const deliver = async (query: string) => await client.ended((await client.export(profileId, query)).jobID);

  await t.test('delivered whole, with its checksum, and pinned', async (t) => {
    const local = await deliver('');
    const task = await deliver(`?serverId=${serverId}&path=${encodeURIComponent(`${sftp.folder}/out/`)}`);
    t.match(
      task,
      { status: 'Complete', serverId, sha256: local.sha256, size: local.size },
      'the same bytes as a local one',
    );
    t.match(task.finalPath, new RegExp(`/out/${task.filename}$`));
    const out = join(sftp.folder, 'out');
    t.strictSame((await readdir(out)).sort(), [task.filename, `${task.filename}.sha256`], 'and nothing else');
    await run('sha256sum', ['-c', `${task.filename}.sha256`], { cwd: out });
    t.equal((await client.fetch('GET', `/osImages/${task.filename}`)).status, 404, 'nothing to download');
    const shown = await client.ok<{ hostKeys: string[] }>('GET', `/osImages/remoteFileServers/${serverId}`);
    t.equal(shown.hostKeys.length, 1, 'its host key is pinned now');
  });

  await t.test('into a folder that exists, named without a slash, under our own name', async (t) => {
    const path = join(sftp.folder, 'out');
    const { jobID, filename } = await client.export(
      profileId,
      `?serverId=${serverId}&path=${encodeURIComponent(path)}`,
    );
    t.equal(filename, 'out', 'the answer cannot know that it is a folder');
    const task = await client.ended(jobID);
    t.match(task, { status: 'Complete', filename: /^\d{14}_.*\.tar\.gz$/ }, 'the job does');
    t.equal(task.finalPath, `${path}/${task.filename}`);
    await run('sha256sum', ['-c', `${task.filename}.sha256`], { cwd: path });
  });

  await t.test('several at once into such a folder: none replaces another', async (t) => {
    const path = join(sftp.folder, 'at-once');
    await deliver(`?serverId=${serverId}&path=${encodeURIComponent(`${path}/`)}`);
    const tasks = await Promise.all(
      [1, 2, 3].map(() => deliver(`?serverId=${serverId}&path=${encodeURIComponent(path)}`)),
    );
    t.equal(new Set(tasks.map((task) => task.finalPath)).size, 3, 'also within one second');
    t.equal((await readdir(path)).length, 8, 'archives and their checksums');
  });

  await t.test('with a key pair of ours in authorized_keys', async (t) => {
    if (sftp.authorizedKeys === undefined) {
      t.pass('sshd needs root', { skip: 'sshd with accounts of its own needs root' });
      return;
    }
    const { address, port, username } = sftp;
    const made = await client.ok<{ serverId: string; serverPublicKey: string; keySignature: string }>(
      'POST',
      '/osImages/remoteFileServers',
      {
        displayName: 'by key',
        address,
        port,
        protocol: 'SFTP',
        username,
        keyType: 'RSA-4096',
        keyComment: 'exports',
      },
    );
    const query = `?serverId=${made.serverId}&path=${encodeURIComponent(`${sftp.folder}/by-key/`)}`;
    const refused = await deliver(query);
    t.match(refused, { status: 'StoppedWithError', error: { code: 'key_refused' } });
    t.match(refused.error?.text, made.keySignature, 'it names the key');
    await writeFile(sftp.authorizedKeys, `${made.serverPublicKey}\n`);
    const task = await deliver(query);
    t.match(task, { status: 'Complete', finalPath: /\/by-key\// });
    await run('sha256sum', ['-c', `${task.filename}.sha256`], { cwd: join(sftp.folder, 'by-key') });
    t.notMatch(JSON.stringify([task, refused, await services.logs()]), /PRIVATE KEY/);
  });

  await t.test('a wrong password ends the job at once', async (t) => {
    const wrong = await addServer(services, { ...sftp, password: 'wrong-password-of-the-test' });
    const task = await deliver(`?serverId=${wrong}&path=${encodeURIComponent(`${sftp.folder}/refused/`)}`);
    t.match(task, {
      status: 'StoppedWithError',
      percentage: 100,
      error: { code: 'login_refused', text: /refused the login/ },
    });
    t.equal(task.attempts.length, 1, 'no second try: it would only lock the account');
    const everything = JSON.stringify([
      task,
      await client.ok('GET', '/osImages/remoteFileServers'),
      await services.logs(),
    ]);
    t.notMatch(everything, 'wrong-password-of-the-test');
    t.notMatch(everything, sftp.password);
    const { rows } = await db.query<{ password: string | null }>('select password from servers');
    t.notOk(
      rows.some((row) => row.password?.includes('wrong-password')),
      'sealed in the database',
    );
  });

  await t.test('a changed host key stops everything', async (t) => {
    const other = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f';
    await db.query('update servers set host_keys = array[$2] where id = $1', [serverId, other]);
    const task = await deliver(`?serverId=${serverId}&path=${encodeURIComponent(`${sftp.folder}/changed/`)}`);
    t.match(task, {
      status: 'StoppedWithError',
      error: { code: 'host_key_changed', text: /SHA256:.*SHA256:/ },
    });
    t.equal(task.attempts.length, 1);
    t.notOk((await readdir(sftp.folder)).includes('changed'));
    await db.query(`update servers set host_keys = '{}' where id = $1`, [serverId]);
  });

  await t.test('an unreachable host is tried again, and says so meanwhile', async (t) => {
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const { port } = closed.address() as { port: number };
    await new Promise((resolve) => closed.close(resolve));
    const nobody = await addServer(services, { ...sftp, port });
    const { jobID } = await client.export(profileId, `?serverId=${nobody}`);
    const task = await client.watch(jobID, (seen) => seen.attempts.some((attempt) => attempt.error));
    t.match(task, {
      status: 'Running',
      step: /trying again after: .*cannot be reached/,
      attempts: [{ error: { code: 'host_unreachable' } }],
    });
    await client.ok('PUT', '/tasks', { action: 'cancel', list: [jobID] });
    t.equal((await client.task(jobID)).status, 'Cancelled');
  });

  await t.test('what cannot be accepted is refused before there is a job', async (t) => {
    const before = (await client.ok<unknown[]>('GET', '/tasks')).length;
    const refused: [string, number][] = [
      [`?serverId=${serverId}&path=${encodeURIComponent('/a/../b')}`, 400],
      [`?serverId=${serverId}&path=${encodeURIComponent('/a/\u0001b')}`, 400],
      [`?serverId=${serverId}&path=%2Fa%00b`, 400],
      ['?serverId=999', 404],
      ['?serverId=..%2F..', 404],
    ];
    for (const [query, status] of refused) {
      const answer = await client.fetch('GET', `/osImages/${encodeURIComponent(profileId)}${query}`);
      t.equal(answer.status, status, query);
      t.match(await answer.json(), { result: 'failed', filename: '', jobID: '', messages: [/\w/] });
    }
    t.equal((await client.ok<unknown[]>('GET', '/tasks')).length, before);
  });
});

t.test('a cancelled delivery leaves no partial file on the server', async (t) => {
  const services = await startServices(t);
  const { client } = services;
  const folder = await temporaryFolder(t);
  const sftp = await startSshd(t);
  if (sftp === undefined) return;
  const profileId = await makeBigProfile(client, folder, 400);
  const serverId = await addServer(services, sftp);
  const { jobID } = await client.export(
    profileId,
    `?serverId=${serverId}&path=${encodeURIComponent(`${sftp.folder}/big/`)}`,
  );
  const target = join(sftp.folder, 'big');
  const found = async () => (await readdir(target).catch(() => [])).length;
  await until(async () => (await found()) === 1);
  const [partial] = await readdir(target);
  t.match(partial, new RegExp(`\\.${jobID}-1\\.part$`), 'under a temporary name of its job and attempt');
  await client.ok('PUT', '/tasks', { action: 'cancel', list: [jobID] });
  await until(async () => (await found()) === 0);
  t.match(await client.task(jobID), { status: 'Cancelled', percentage: 100 });
  t.notMatch(await readFile(join(services.dataDir, 'services.log'), 'utf8'), sftp.password);
});
