/** What can be wrong with a file server or a path on it: each has its own code and sentence in the job, and leaves nothing. */
import { execFile } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { makeBigProfile } from '../support/big-profile.ts';
import { createAuthority, loopbackNames } from '../support/certificates.ts';
import type { Task } from '../support/client.ts';
import { checkSum } from '../support/delivery.ts';
import { startProftpd } from '../support/proftpd.ts';
import { startProxy } from '../support/proxy.ts';
import { type RunningServices, startServices } from '../support/services.ts';
import { sftpProgram, startSshd } from '../support/sshd.ts';

interface Server {
  readonly address: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  readonly protocol?: string;
}

async function start(t: Test, env: NodeJS.ProcessEnv = {}) {
  const services = await startServices(t, { env });
  const { client, dataDir } = services;
  const profileId = await makeBigProfile(client, dataDir, 8);
  let count = 0;
  return {
    services,
    profileId,
    add: async ({ address, port, username, password, protocol = 'SFTP' }: Server) => {
      count += 1;
      const profile = { displayName: `server ${count}`, address, port, protocol, username, password };
      return (await client.ok<{ serverId: string }>('POST', '/osImages/remoteFileServers', profile)).serverId;
    },
    order: async (serverId: string, path: string) =>
      (await client.export(profileId, `?serverId=${serverId}&path=${encodeURIComponent(path)}`)).jobID,
  };
}

/** Ended at once, with a sentence and what to do. */
function endedAtOnce(t: Test, task: Task, code: string, says: RegExp): void {
  t.match(task, { status: 'StoppedWithError', percentage: 100, error: { code, text: says } });
  t.match(task.error?.recovery.text, /\w/);
  t.equal(task.attempts.length, 1, `${code}: not tried again`);
}

async function endTrying(t: Test, { client }: RunningServices, jobId: string): Promise<void> {
  await client.ok('PUT', '/tasks', { action: 'cancel', list: [jobId] });
  t.equal((await client.task(jobId)).status, 'Cancelled');
}

t.test('an OpenSSH, and what its folders hold', async (t) => {
  const sftp = await startSshd(t);
  if (sftp === undefined) return;
  const { services, profileId, add, order } = await start(t);
  const { client } = services;
  const { folder } = sftp;
  const { uid } = await stat(folder);
  const own = async (name: string) => {
    await mkdir(join(folder, name));
    await promisify(execFile)('chown', [`${uid}`, join(folder, name)]);
    return join(folder, name);
  };
  const serverId = await add(sftp);
  const ended = async (server: string, path: string) => await client.ended(await order(server, path));

  await t.test('an unknown user', async (t) => {
    const task = await ended(await add({ ...sftp, username: 'nobody-here' }), `${folder}/f`);
    endedAtOnce(t, task, 'login_refused', /refused the login of user nobody-here/);
  });

  await t.test('a folder that is a file', async (t) => {
    await writeFile(join(folder, 'a-file'), 'precious');
    for (const path of ['a-file/', 'a-file/f'])
      endedAtOnce(
        t,
        await ended(serverId, join(folder, path)),
        'remote_not_a_folder',
        /a-file.* is not a folder/,
      );
    t.equal(await readFile(join(folder, 'a-file'), 'utf8'), 'precious');
  });

  await t.test(
    'no permission',
    { skip: sftp.kind === 'OpenSSH' ? false : 'sshd with a user of its own is needed' },
    async (t) => {
      const path = await own('locked');
      await chmod(path, 0o555);
      endedAtOnce(t, await ended(serverId, `${path}/f`), 'remote_permission', /may not write to .*locked/);
      await chmod(path, 0o755);
      t.strictSame(await readdir(path), []);
    },
  );

  await t.test('a name that is too long, for us and for the server', async (t) => {
    const path = await own('long');
    endedAtOnce(
      t,
      await ended(serverId, `${path}/${'n'.repeat(249)}`),
      'invalid_request',
      /longer than 248 bytes/,
    );
    // What no server takes has no job.
    const query = `?serverId=${serverId}&path=${encodeURIComponent(`${path}/${'n'.repeat(256)}`)}`;
    const answer = await client.fetch('GET', `/osImages/${encodeURIComponent(profileId)}${query}`);
    t.equal(answer.status, 400);
    t.match(await answer.json(), { result: 'failed', messages: [/longer than 255 bytes/] });
    t.strictSame(await readdir(path), []);
  });

  await t.test('a link under the name of the archive is replaced, and what it leads to stays', async (t) => {
    const path = await own('linked');
    await writeFile(join(folder, 'elsewhere'), 'not yours');
    await symlink(join(folder, 'elsewhere'), join(path, 'f'));
    t.match(await ended(serverId, `${path}/f`), { status: 'Complete', finalPath: `${path}/f` });
    t.match(await checkSum(join(path, 'f')), /: OK$/);
    t.equal(await readFile(join(folder, 'elsewhere'), 'utf8'), 'not yours');
    t.strictSame((await readdir(path)).sort(), ['f', 'f.sha256']);
  });

  await t.test('a name that no name server knows', async (t) => {
    const jobId = await order(await add({ ...sftp, address: 'no-such-host.invalid' }), '/f');
    const task = await client.watch(jobId, (seen) => seen.attempts.some(({ error }) => error));
    t.match(task, { status: 'Running', step: /trying again after: .*cannot be resolved/ });
    t.match(task.attempts[0], { error: { code: 'name_not_resolved' } });
    await endTrying(t, services, jobId);
  });
});

t.test('a quota that is used up on the way', async (t) => {
  const program = sftpProgram();
  if (program === undefined) return t.pass('sftp-server', { skip: 'missing tool: sftp-server' });
  // A limit of the size of a file answers as a quota does, and needs no file system that has quotas.
  const limit = `ForceCommand /bin/sh -c 'trap "" XFSZ; ulimit -f 6144; exec ${program}'`;
  const sftp = await startSshd(t, undefined, [limit]);
  if (sftp?.kind !== 'OpenSSH')
    return t.pass('sshd', { skip: 'an sshd with settings of its own needs root' });
  const { services, add, order } = await start(t);
  const task = await services.client.ended(await order(await add(sftp), `${sftp.folder}/f`));
  endedAtOnce(t, task, 'remote_full', /no space or no quota left for \d+ bytes.*bytes are free there/);
  t.strictSame(await readdir(sftp.folder), []);
});

t.test('a certificate that has expired', async (t) => {
  const authority = await createAuthority(t);
  const certificate = await authority?.issue('old', '/CN=old', { names: loopbackNames, days: -1 });
  const server = certificate && (await startProftpd(t, { certificate }));
  if (authority === undefined || server === undefined) return;
  const { services, add, order } = await start(t, { OUTBOUND_CA: authority.ca });
  const task = await services.client.ended(await order(await add(server.profile), `${server.root}f`));
  endedAtOnce(t, task, 'certificate_refused', /certificate of localhost is not accepted.*expired/);
  t.strictSame(await readdir(server.folder), []);
});

t.test('a job that waits for its next attempt uses the password that was given meanwhile', async (t) => {
  const sftp = await startSshd(t);
  if (sftp === undefined) return;
  const { services, add, order } = await start(t);
  const { client } = services;
  const proxy = await startProxy(t, sftp.port);
  proxy.cut(true);
  const serverId = await add({ ...sftp, port: proxy.port, password: 'the-former-password' });
  const jobId = await order(serverId, `${sftp.folder}/f`);
  await client.watch(jobId, ({ attempts }) => attempts.some(({ error }) => error));
  await client.ok('PUT', `/osImages/remoteFileServers/${serverId}`, { password: sftp.password });
  proxy.cut(false);
  const task = await client.ended(jobId);
  t.match(task, { status: 'Complete', finalPath: `${sftp.folder}/f` });
  const codes = task.attempts.map(({ error }) => error?.code);
  t.ok(codes.length >= 2);
  t.equal(codes.at(-1), undefined);
  t.notOk(codes.includes('login_refused'), `the former one was never offered: ${codes}`);
  t.match(await checkSum(join(sftp.folder, 'f')), /: OK$/);
  t.notMatch(await services.logs(), new RegExp(`the-former-password|${sftp.password}`));
});
