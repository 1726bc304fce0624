/** Importing from remote file servers through the front door. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { ServerProfile } from '../../services/packager/server-profile.ts';
import { createAuthority, loopbackNames } from '../support/certificates.ts';
import { startNginx } from '../support/nginx.ts';
import { startProftpd } from '../support/proftpd.ts';
import { startProxy } from '../support/proxy.ts';
import { type RunningServices, startServices } from '../support/services.ts';
import { startSshd } from '../support/sshd.ts';
import { until } from '../support/until.ts';

const script = Buffer.from('#!/bin/sh\necho a line of a script\n'.repeat(200_000));
const sha256 = createHash('sha256').update(script).digest('hex');
const order = { imageType: 'SCRIPT', name: 'remote.sh' };

type Reach = Pick<ServerProfile, 'address' | 'port' | 'protocol' | 'username' | 'password'>;

let servers = 0;
async function addServer({ client }: RunningServices, server: Reach): Promise<string> {
  const { address, port, protocol, username, password } = server;
  servers += 1;
  const profile = { displayName: `server ${servers}`, address, port, protocol, username, password };
  return (await client.ok<{ serverId: string }>('POST', '/osImages/remoteFileServers', profile)).serverId;
}

async function staged({ dataDir }: RunningServices): Promise<string[]> {
  return await readdir(join(dataDir, 'store/staging'));
}

/** An SFTP server behind a proxy, with the script in it. */
async function sftpBehindProxy(t: Test) {
  const sshd = await startSshd(t);
  if (sshd === undefined) return undefined;
  await writeFile(join(sshd.folder, 'remote.sh'), script);
  const proxy = await startProxy(t, sshd.port);
  const reach = { ...sshd, protocol: 'SFTP', port: proxy.port } as const;
  return { reach, proxy, folder: sshd.folder, path: `${sshd.folder}/remote.sh` };
}

t.test('every protocol brings the same file', async (t) => {
  const authority = await createAuthority(t);
  if (authority === undefined) return;
  const certificate = await authority.issue('good', '/CN=good', { names: loopbackNames });
  const services = await startServices(t, { env: { OUTBOUND_CA: authority.ca } });
  const { client } = services;
  const sftp = await sftpBehindProxy(t);
  const found = [
    sftp && { profile: sftp.reach, folder: sftp.folder, root: `${sftp.folder}/` },
    await startNginx(t),
    await startNginx(t, { certificate }),
    await startProftpd(t),
    await startProftpd(t, { certificate }),
  ];
  for (const server of found) {
    if (server === undefined) continue;
    const { protocol } = server.profile;
    await mkdir(join(server.folder, 'iso'));
    await writeFile(join(server.folder, 'iso/remote.sh'), script);
    const serverId = await addServer(services, server.profile);
    const path = `${server.root}iso/remote.sh`;
    const task = await client.ended(await client.importRemote({ serverId, path }, order, script.length));
    t.match(task, { status: 'Complete', sha256, size: script.length, bytesDone: script.length }, protocol);
    t.match(task, { jobTitle: 'Import SCRIPT file remote.sh', serverId, attempts: { length: 1 } });
    t.ok((task as { objectId?: string }).objectId, `${protocol}: it became a file`);
    const missing = await client.ended(
      await client.importRemote({ serverId, path: `${server.root}none.sh` }, order),
    );
    t.match(missing, { status: 'StoppedWithError', error: { code: 'remote_file_missing' } }, protocol);
    const wrong = await addServer(services, { ...server.profile, password: 'wrong-of-the-test' });
    const refused = await client.ended(await client.importRemote({ serverId: wrong, path }, order));
    t.match(
      refused,
      { error: { code: 'login_refused' }, attempts: { length: 1 } },
      `${protocol}: tried once`,
    );
  }
  await until(async () => (await staged(services)).length === 0);
  t.notMatch(await services.logs(), /wrong-of-the-test|S3cret/);
});

t.test('what cannot be accepted is refused before anything is fetched', async (t) => {
  const services = await startServices(t);
  const { client } = services;
  const sftp = await sftpBehindProxy(t);
  if (sftp === undefined) return;
  const serverId = await addServer(services, sftp.reach);
  const jobId = await client.createImport('SCRIPT');
  const { path } = sftp;
  const query = client.uploadPath(jobId, order);
  const refused: [string, string, unknown, number][] = [
    ['no such server', query, { serverId: '999', path }, 404],
    ['no such job', query.replace(jobId, '999999'), { serverId, path }, 404],
    ['another type', query.replace('imageType=SCRIPT', 'imageType=DUD'), { serverId, path: '/a.iso' }, 400],
    ['a wrong extension', query.replace('remote.sh', 'remote.txt'), { serverId, path }, 400],
    ['an unusable name', query.replace('remote.sh', '..%2Fa.sh'), { serverId, path }, 400],
    ['no path', query, { serverId }, 400],
    ['no server', query, { path }, 400],
    ['nothing', query, {}, 400],
    ['no object', query, [], 400],
    ['a folder', query, { serverId, path: '/some/folder/' }, 400],
    ['dots', query, { serverId, path: '/a/../b.sh' }, 400],
    ['a line break', query, { serverId, path: '/a\r\nDELE b.sh' }, 400],
    ['a number as path', query, { serverId, path: 7 }, 400],
    ['something unknown', query, { serverId, path, command: 'x' }, 400],
  ];
  for (const [what, url, body, status] of refused) {
    const answer = await client.fetch('POST', url, body);
    t.equal(answer.status, status, what);
    t.match(await answer.json(), { result: 'failed', messages: [{ id: /^FQXHM/, text: /\w/ }] });
  }
  t.equal(sftp.proxy.accepted, 0, 'nobody was asked');
  t.match(await client.task(jobId), { status: 'Pending' }, 'the import waits on');
  const unnamed = await client.fetch('POST', query.replace(/&imageName=[^&]*/, ''), { serverId, path });
  t.equal(unnamed.status, 200);
  t.match(await unnamed.json(), { result: 'success', jobId });
  t.match(await client.ended(jobId), { status: 'Complete', jobTitle: /file remote\.sh$/ }, "the path's name");
  t.equal((await client.fetch('POST', query, { serverId, path })).status, 409, 'only once');
});

t.test('too large, too small, and a server that is not there', async (t) => {
  const services = await startServices(t, { env: { FETCH_MAX_GB: '1' } });
  const { client } = services;
  const sftp = await sftpBehindProxy(t);
  if (sftp === undefined) return;
  const serverId = await addServer(services, sftp.reach);
  const huge = join(sftp.folder, 'huge.sh');
  await writeFile(huge, '');
  await truncate(huge, 1_000_000_001);
  const tooLarge = await client.ended(await client.importRemote({ serverId, path: huge }, order));
  t.match(tooLarge, {
    status: 'StoppedWithError',
    error: { code: 'remote_too_large' },
    attempts: { length: 1 },
  });
  const other = await client.ended(await client.importRemote({ serverId, path: sftp.path }, order, 5));
  t.match(other, { error: { code: 'upload_size_mismatch', text: /announced 5 bytes/ } });
  const nobody = await addServer(services, { ...sftp.reach, port: 1 });
  const jobId = await client.importRemote({ serverId: nobody, path: sftp.path }, order);
  const waiting = await client.watch(jobId, (task) => task.attempts.some((attempt) => attempt.error));
  t.match(waiting, { status: 'Running', step: /trying again after: .*cannot be reached/ });
  await client.ok('PUT', '/tasks', { action: 'cancel', list: [jobId] });
  t.strictSame(await staged(services), []);
});

t.test('a cancel reaches the socket and removes what had come', async (t) => {
  const services = await startServices(t);
  const { client } = services;
  const sftp = await sftpBehindProxy(t);
  if (sftp === undefined) return;
  const serverId = await addServer(services, sftp.reach);
  sftp.proxy.freezeAfter(2_000_000);
  const jobId = await client.importRemote({ serverId, path: sftp.path }, order);
  const half = await client.watch(jobId, (task) => task.step === 'fetching' && task.bytesDone > 500_000);
  t.ok(half.bytesDone <= half.bytesTotal / 2, 'fetching is the first half');
  t.strictSame(await staged(services), [`${jobId}-1`], 'under a name of its attempt');
  const inUse = await client.fetch('DELETE', `/osImages/remoteFileServers/${serverId}`);
  t.equal(inUse.status, 409, 'a server that is read from stays');
  await client.ok('PUT', '/tasks', { action: 'cancel', list: [jobId] });
  await until(async () => (await staged(services)).length === 0);
  await until(() => sftp.proxy.open === 0);
  t.match(await client.task(jobId), { status: 'Cancelled', percentage: 100 });
  t.equal((await client.fetch('DELETE', `/osImages/remoteFileServers/${serverId}`)).status, 200);
});

t.test('a packager that is killed half way is taken over from', async (t) => {
  const services = await startServices(t);
  const { client, packagers } = services;
  const sftp = await sftpBehindProxy(t);
  if (sftp === undefined) return;
  const serverId = await addServer(services, sftp.reach);
  sftp.proxy.freezeAfter(2_000_000);
  const jobId = await client.importRemote({ serverId, path: sftp.path }, order);
  const half = await client.watch(jobId, (task) => task.bytesDone > 500_000);
  await services.addPackager();
  await packagers[0]!.kill('SIGKILL');
  let last = half.bytesDone;
  const done = await client.watch(jobId, (task) => {
    if (task.bytesDone < last) t.fail(`progress went back from ${last} to ${task.bytesDone}`);
    last = task.bytesDone;
    return task.percentage === 100;
  });
  t.match(done, {
    status: 'Complete',
    sha256,
    attempts: [{ error: { code: 'worker_lost' } }, { error: null }],
  });
  await until(async () => (await staged(services)).length === 0);
});

t.test('a connection that breaks is tried again', async (t) => {
  const services = await startServices(t);
  const { client } = services;
  const sftp = await sftpBehindProxy(t);
  if (sftp === undefined) return;
  const serverId = await addServer(services, sftp.reach);
  sftp.proxy.freezeAfter(2_000_000);
  const jobId = await client.importRemote({ serverId, path: sftp.path }, order);
  await client.watch(jobId, (task) => task.bytesDone > 500_000);
  sftp.proxy.drop();
  const done = await client.ended(jobId);
  t.match(done, { status: 'Complete', sha256, attempts: [{ error: { code: 'connection_lost' } }, {}] });
});

t.test('a failed import runs again with retry, once the file is there', async (t) => {
  const services = await startServices(t);
  const { client } = services;
  const sftp = await sftpBehindProxy(t);
  if (sftp === undefined) return;
  const serverId = await addServer(services, sftp.reach);
  const path = `${sftp.folder}/late.sh`;
  const failed = await client.importRemote({ serverId, path }, order, script.length);
  t.match(await client.ended(failed), { status: 'StoppedWithError', error: { code: 'remote_file_missing' } });
  await writeFile(path, script);

  const answer = await client.ok<{ retried: { jobUID: string; retriedAs: string }[] }>('PUT', '/tasks', {
    action: 'retry',
    list: [failed],
  });
  t.match(answer.retried, [{ jobUID: failed, retriedAs: String }]);
  const again = answer.retried[0]!.retriedAs;
  t.not(again, failed);
  t.match(await client.task(failed), { status: 'StoppedWithError', retriedAs: again }, 'the old one stays');
  const done = await client.ended(again);
  t.match(done, { status: 'Complete', sha256, size: script.length, serverId, attempts: { length: 1 } });
  t.equal(
    (done as { jobTitle?: string }).jobTitle,
    'Import SCRIPT file remote.sh',
    'under the name asked for',
  );
  await until(async () => (await staged(services)).length === 0);
  t.equal(
    (await client.fetch('PUT', '/tasks', { action: 'retry', list: [again] })).status,
    409,
    'it is complete',
  );

  // A server that was deleted meanwhile is named.
  const lost = await client.importRemote({ serverId, path: `${sftp.folder}/none.sh` }, order);
  await client.ended(lost);
  await client.ok('DELETE', `/osImages/remoteFileServers/${serverId}`, {});
  const refused = await client.fetch('PUT', '/tasks', { action: 'retry', list: [lost] });
  t.equal(refused.status, 409);
  t.match(await refused.json(), { messages: [{ text: new RegExp(`no remote file server ${serverId}`) }] });
});

t.test('a name that leads to a forbidden address is not connected to', async (t) => {
  // As when the gateway is reached from outside: loopback is closed.
  const services = await startServices(t, { packagerEnv: { GATEWAY_HOST: '192.0.2.1' } });
  const { client } = services;
  const sftp = await sftpBehindProxy(t);
  if (sftp === undefined) return;
  for (const address of ['localhost', '127.0.0.1', '0x7f000001']) {
    const serverId = await addServer(services, { ...sftp.reach, address });
    const task = await client.ended(await client.importRemote({ serverId, path: sftp.path }, order));
    t.match(
      task,
      { error: { code: 'address_not_allowed', text: /loopback/ }, attempts: { length: 1 } },
      address,
    );
  }
  t.equal(sftp.proxy.accepted, 0);
});

t.test('OUTBOUND_ALLOW opens it', async (t) => {
  const services = await startServices(t, {
    packagerEnv: { GATEWAY_HOST: '192.0.2.1', OUTBOUND_ALLOW: '::1, 127.0.0.0/8' },
  });
  const { client } = services;
  const sftp = await sftpBehindProxy(t);
  if (sftp === undefined) return;
  const serverId = await addServer(services, sftp.reach);
  const task = await client.ended(await client.importRemote({ serverId, path: sftp.path }, order));
  t.match(task, { status: 'Complete', sha256 });
});
