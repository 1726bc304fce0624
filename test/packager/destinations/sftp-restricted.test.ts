// Deliveries to an OpenSSH that was told to be strict: locked in, read-only, with commands taken away, or with a quota.
import { execFile } from 'node:child_process';
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  rmdir,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { deliverTo } from '../../../services/packager/destinations/index.ts';
import { checkSum, deliveryTo, problemOf, profileOf, someBytes } from '../../support/delivery.ts';
import { sftpProgram, startSshd } from '../../support/sshd.ts';

const run = promisify(execFile);
const deliver = deliverTo('SFTP');
const MIB = 1024 * 1024;
const content = someBytes(4 * MIB + 77);

/** Undefined, with a note, where sshd itself cannot be had. */
async function strict(t: Test, settings: readonly string[], folder?: string) {
  const server = await startSshd(t, folder, settings);
  if (server === undefined || server.kind === 'OpenSSH') return server;
  t.pass('sshd needs root', { skip: 'an sshd with settings of its own needs root' });
  return undefined;
}

async function arrived(t: Test, path: string): Promise<void> {
  t.ok((await readFile(path)).equals(content), 'the same bytes');
  t.match(await checkSum(path), /: OK$/);
}

t.test('locked into a folder of its own', async (t) => {
  // All of the way must be root's, which /tmp is not.
  const base = await mkdtemp('/run/osimage-chroot-').catch(() => tmpdir());
  if (base === tmpdir()) return t.pass('a folder', { skip: 'a folder in /run needs root' });
  t.teardown(() => rm(base, { recursive: true }));
  await chmod(base, 0o755);
  const server = await strict(t, [`ChrootDirectory ${base}`], join(base, 'up'));
  if (server === undefined) return;
  const to = (path: string, changes = {}) => deliveryTo(profileOf(server, changes), content, path);
  t.equal((await deliver(to('/up/new/f'))).finalPath, '/up/new/f');
  await arrived(t, join(base, 'up/new/f'));
  t.match(await problemOf(deliver(to('f'))), {
    code: 'remote_permission',
    transient: false,
    params: { path: '/.f.12-1.part' },
  });
  t.match((await deliver(to('', { defaultPath: '/up' }))).finalPath, /^\/up\//);
  t.match(await problemOf(deliver(to('/elsewhere/f'))), { code: 'remote_permission' });
  t.strictSame(await readdir(base), ['up']);
});

t.test('read-only', async (t) => {
  await t.test('for this user', async (t) => {
    const server = await strict(t, ['ForceCommand internal-sftp -R']);
    if (server === undefined) return;
    for (const path of ['f', 'new/f']) {
      const problem = await problemOf(deliver(deliveryTo(profileOf(server), content, path)));
      t.match(problem, { code: 'remote_permission', transient: false }, path);
    }
    t.strictSame(await readdir(server.folder), []);
  });
  await t.test('the file system', async (t) => {
    const place = await mkdtemp(join(tmpdir(), 'osimage-ro-'));
    try {
      // Before there is an sshd, which has a view of its own of what is mounted.
      await run('mount', ['-t', 'tmpfs', '-o', 'ro,mode=777', 'osimage-test', place]);
    } catch {
      await rmdir(place);
      return t.pass('a disk', { skip: 'mounting a file system needs root' });
    }
    t.teardown(async () => {
      await run('umount', ['-l', place]);
      await rmdir(place);
    });
    const server = await strict(t, []);
    if (server === undefined) return;
    for (const path of ['f', 'new/f']) {
      const problem = await problemOf(deliver(deliveryTo(profileOf(server), content, join(place, path))));
      t.match(problem, { code: 'remote_read_only', transient: false, params: { path: place } }, path);
    }
  });
});

t.test('without the requests that only OpenSSH has', async (t) => {
  const server = await strict(t, [
    'ForceCommand internal-sftp -P statvfs,fstatvfs,posix-rename,fsync,limits,hardlink',
  ]);
  if (server === undefined) return;
  for (const attempt of [1, 2]) {
    const { notes } = await deliver(deliveryTo(profileOf(server), content, 'f', { attempt }));
    if (attempt === 2) t.match(notes?.join(), /cannot replace a file at once/);
    await arrived(t, join(server.folder, 'f'));
    t.strictSame((await readdir(server.folder)).sort(), ['f', 'f.sha256']);
    await writeFile(join(server.folder, 'f'), 'old');
  }
});

t.test('commands that are taken away from the user', async (t) => {
  const withoutThese = async (t: Test, requests: string) => {
    const server = await strict(t, [`ForceCommand internal-sftp -P ${requests}`]);
    return server && { ...server, profile: profileOf(server) };
  };
  await t.test('reading', async (t) => {
    const server = await withoutThese(t, 'read');
    if (server === undefined) return;
    const { notes } = await deliver(deliveryTo(server.profile, content, 'f'));
    t.match(notes?.join(), /Only the size of the archive was compared/);
    await arrived(t, join(server.folder, 'f'));
  });
  await t.test('renaming', async (t) => {
    const server = await withoutThese(t, 'rename,posix-rename');
    if (server === undefined) return;
    const problem = await problemOf(deliver(deliveryTo(server.profile, content, 'f')));
    t.match(problem, { code: 'remote_permission', transient: false });
    t.match(problem.message, join(server.folder, 'f'));
    t.strictSame(await readdir(server.folder), []);
  });
  await t.test('making folders', async (t) => {
    const server = await withoutThese(t, 'mkdir');
    if (server === undefined) return;
    t.match(await problemOf(deliver(deliveryTo(server.profile, content, 'new/f'))), {
      code: 'remote_permission',
      params: { path: join(server.folder, 'new') },
    });
    await deliver(deliveryTo(server.profile, content, 'f'));
    await arrived(t, join(server.folder, 'f'));
  });
  await t.test('removing', async (t) => {
    const server = await withoutThese(t, 'remove');
    if (server === undefined) return;
    await deliver(deliveryTo(server.profile, content, 'f'));
    await arrived(t, join(server.folder, 'f'));
    const controller = new AbortController();
    const cancelled = deliveryTo(server.profile, content, 'g', {
      signal: controller.signal,
      onStep: (step) => {
        if (step === 'verifying') controller.abort(new Error('no longer wanted'));
      },
    });
    await t.rejects(deliver(cancelled), new Error('no longer wanted'));
    t.match(
      cancelled.notes,
      [/partial file may be left.*\.g\.12-1\.part/],
      'what cannot be taken away is told',
    );
  });
});

t.test('a quota: the disk has space, the user has not', async (t) => {
  const program = sftpProgram();
  if (program === undefined) return t.pass('sftp-server', { skip: 'missing tool: sftp-server' });
  // A limit of the size of a file answers as a quota does, and needs no file system that has quotas.
  const limited = (mib: number) => [
    `ForceCommand /bin/sh -c 'trap "" XFSZ; ulimit -f ${mib * 2048}; exec ${program}'`,
  ];
  const server = await strict(t, limited(2));
  if (server === undefined) return;
  const problem = await problemOf(deliver(deliveryTo(profileOf(server), content, 'f')));
  t.match(problem, { code: 'remote_full', transient: false });
  t.strictSame(await readdir(server.folder), [], 'the partial file is gone');
  const none = await strict(t, limited(0));
  const first = await problemOf(deliver(deliveryTo(profileOf(none!), content, 'f')));
  t.match(first, { code: 'remote_failed', message: /quota/ });
  t.strictSame(await readdir(none!.folder), []);
});

t.test('links on the way', async (t) => {
  const server = await startSshd(t);
  if (server === undefined) return;
  const { folder } = server;
  const to = (path: string) => deliveryTo(profileOf(server), content, path);
  const { uid } = await stat(folder);
  await mkdir(join(folder, 'real'));
  await run('chown', [`${uid}`, join(folder, 'real')]);
  await symlink('real', join(folder, 'link'));
  await symlink('nowhere', join(folder, 'dangling'));
  await symlink('loop', join(folder, 'loop'));
  await symlink('real/f', join(folder, 'to-a-file'));
  await deliver(to('link/f'));
  await arrived(t, join(folder, 'real/f'));
  const named = (await deliver(to('link'))).finalPath;
  t.match(named, /\/link\/\d+_web\.tar\.gz$/, 'a link to a folder is a folder');
  t.match(await problemOf(deliver(to('dangling/f'))), { code: 'remote_no_folder', transient: false });
  t.match(await problemOf(deliver(to('loop/f'))), { code: 'remote_no_folder', transient: false });
  t.match(await problemOf(deliver(to('to-a-file/f'))), { code: 'remote_not_a_folder', transient: false });
});
