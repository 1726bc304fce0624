/**
 * A real SFTP server for the demo and the tests: OpenSSH's sshd where it can be had, else the built-in one.
 * sshd looks users and passwords up in the system, so it needs a user of its own, and only root can give it
 * one. Where the kernel lets us, that user exists in a private view of /etc only, and nothing is changed;
 * otherwise (a container without the right to mount) it is added to the machine and removed at the end.
 */
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import {
  appendFile,
  chmod,
  chown,
  copyFile,
  mkdir,
  mkdtemp,
  readFile,
  realpath,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { type SftpServer, startBuiltInServer } from './sftp-server.ts';

const run = promisify(execFile);

// Far from what distributions give out; the user has no right to anything but the folder.
const PRIVATE_UID = 61_999;
const NOGROUP = 65_534;

export interface StartOptions {
  /** Made when it is not there; handed over to the server's user. */
  readonly folder: string;
  readonly signal?: AbortSignal;
  /** Lines of sshd_config that come before ours: the first of a kind counts. OpenSSH only. */
  readonly settings?: readonly string[];
}

/** Starts the best server this machine allows on a free loopback port; `kind` says which one it became. */
export async function startSftpServer(options: StartOptions): Promise<SftpServer> {
  const server = (await startOpenSsh(options)) ?? (await startBuiltInServer(options));
  options.signal?.addEventListener('abort', () => void server.stop(), { once: true });
  return server;
}

/** Starts sshd, or gives undefined when this machine has none or does not let us. */
export async function startOpenSsh({
  folder: wanted,
  settings: wishes = [],
}: StartOptions): Promise<SftpServer | undefined> {
  const sshd = findSshd();
  if (sshd === undefined || process.getuid?.() !== 0) return undefined;
  await mkdir(wanted, { recursive: true });
  const folder = await realpath(wanted);
  if (!(await isReachable(folder))) return undefined;
  const settings = await mkdtemp(join(tmpdir(), 'osimage-sshd-'));
  const undo: (() => Promise<unknown>)[] = [() => rm(settings, { recursive: true, force: true })];
  const undoAll = async () => {
    for (const step of undo.reverse()) await step().catch(() => undefined);
  };
  try {
    const password = randomBytes(12).toString('base64url');
    const user = (await privateUser(settings, folder, password)) ?? (await machineUser(folder, password));
    if (user === undefined) throw new Error('no user');
    undo.push(user.remove);
    await chown(folder, user.uid, NOGROUP);
    const hostKey = await makeHostKey(settings);
    // sshd reads it as the user; the secrets beside it have modes of their own.
    await chmod(settings, 0o711);
    await writeFile(authorizedKeys(settings), '', { mode: 0o644 });
    const port = await freePort();
    const configured = await configuration(sshd, settings, port, user.name);
    await writeFile(join(settings, 'sshd_config'), `${[...wishes, configured].join('\n')}`);
    const stop = await startDaemon([...user.prefix, sshd, '-D', '-e', '-f', join(settings, 'sshd_config')]);
    undo.push(stop);
    let stopped: Promise<void> | undefined;
    return {
      kind: 'OpenSSH',
      address: '127.0.0.1',
      port,
      username: user.name,
      password,
      hostKey,
      authorizedKeys: authorizedKeys(settings),
      folder,
      stop: () => (stopped ??= undoAll()),
    };
  } catch {
    await undoAll();
    return undefined;
  }
}

function findSshd(): string | undefined {
  return ['/usr/sbin/sshd', '/usr/local/sbin/sshd', '/sbin/sshd'].find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Another user must be able to walk to the folder: none under /root, say. */
async function isReachable(folder: string): Promise<boolean> {
  for (let at = dirname(folder); ; at = dirname(at)) {
    if (((await stat(at)).mode & 0o001) === 0) return false;
    if (at === dirname(at)) return true;
  }
}

interface SshUser {
  readonly name: string;
  readonly uid: number;
  /** What to put before the command so that it sees this user. */
  readonly prefix: readonly string[];
  remove(): Promise<unknown>;
}

/** A user in copies of passwd and shadow that only sshd sees, in a mount namespace of its own. */
async function privateUser(settings: string, folder: string, password: string): Promise<SshUser | undefined> {
  const name = 'osimage-sftp';
  const passwd = join(settings, 'passwd');
  const shadow = join(settings, 'shadow');
  const script = 'mount --bind "$1" /etc/passwd && mount --bind "$2" /etc/shadow && shift 2 && exec "$@"';
  const prefix = [
    'unshare',
    '--mount',
    '--propagation',
    'private',
    '/bin/sh',
    '-c',
    script,
    'sh',
    passwd,
    shadow,
  ];
  try {
    await copyFile('/etc/passwd', passwd);
    await copyFile('/etc/shadow', shadow);
    await chmod(passwd, 0o644);
    await chmod(shadow, 0o600);
    await appendFile(passwd, `\n${name}:x:${PRIVATE_UID}:${NOGROUP}::${folder}:/bin/sh\n`);
    await appendFile(shadow, `\n${name}:${await hash(password)}:19000:0:99999:7:::\n`);
    await run(prefix[0] ?? '', [...prefix.slice(1), 'true']);
    return { name, uid: PRIVATE_UID, prefix, remove: async () => undefined };
  } catch {
    return undefined;
  }
}

/** crypt(3) in the form SHA-512; perl-base is part of every Debian. The password does not show in a process list. */
async function hash(password: string): Promise<string> {
  const salt = randomBytes(8).toString('hex');
  const perl = run('perl', ['-e', 'chomp($p = <STDIN>); print crypt($p, "\\$6\\$" . $ARGV[0])', salt]);
  perl.child.stdin?.end(`${password}\n`);
  return (await perl).stdout;
}

async function machineUser(folder: string, password: string): Promise<SshUser | undefined> {
  const name = `osimage-sftp-${randomBytes(4).toString('hex')}`;
  const remove = () => retried(() => run('userdel', [name]));
  try {
    await retried(() =>
      run('useradd', [
        '--system',
        '--no-create-home',
        '-g',
        `${NOGROUP}`,
        '-d',
        folder,
        '-s',
        '/bin/sh',
        name,
      ]),
    );
  } catch {
    return undefined;
  }
  try {
    await retried(() => {
      const setting = run('chpasswd', []);
      setting.child.stdin?.end(`${name}:${password}\n`);
      return setting;
    });
    const uid = Number((await run('id', ['-u', name])).stdout);
    return { name, uid, prefix: [], remove };
  } catch {
    await remove().catch(() => undefined);
    return undefined;
  }
}

/** The user database is locked while another process changes it. */
async function retried<Value>(work: () => Promise<Value>): Promise<Value> {
  for (let left = 20; ; left -= 1) {
    try {
      return await work();
    } catch (error) {
      const locked = error instanceof Error && 'stderr' in error && /lock/.test(String(error.stderr));
      if (!locked || left === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

async function makeHostKey(settings: string): Promise<string> {
  const path = join(settings, 'host_key');
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', path]);
  return (await readFile(`${path}.pub`, 'utf8')).trim().split(' ').slice(0, 2).join(' ');
}

function authorizedKeys(settings: string): string {
  return join(settings, 'authorized_keys');
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

async function configuration(sshd: string, settings: string, port: number, user: string): Promise<string> {
  const lines = [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${join(settings, 'host_key')}`,
    'PidFile none',
    'UsePAM no',
    'PasswordAuthentication yes',
    'KbdInteractiveAuthentication no',
    'PubkeyAuthentication yes',
    `AuthorizedKeysFile ${authorizedKeys(settings)}`,
    // The file is in a folder of ours, not in the user's.
    'StrictModes no',
    `AllowUsers ${user}`,
    'MaxStartups 100',
    'Subsystem sftp internal-sftp',
    'ForceCommand internal-sftp',
    'AllowTcpForwarding no',
    'LogLevel INFO',
  ];
  // From 9.8 on an address with wrong passwords is shut out for a while; the tests try some.
  const penalties = await run(sshd, [
    '-t',
    '-f',
    '/dev/null',
    '-o',
    `HostKey ${join(settings, 'host_key')}`,
    '-o',
    'PerSourcePenalties no',
  ]).then(
    () => ['PerSourcePenalties no'],
    () => [],
  );
  return `${[...lines, ...penalties].join('\n')}\n`;
}

/** Starts sshd and waits until it listens; gives what ends it. */
async function startDaemon(command: readonly string[]): Promise<() => Promise<void>> {
  // Where sshd locks its unprivileged half in; Debian makes it when the service starts, so it may be missing.
  await mkdir('/run/sshd', { recursive: true, mode: 0o755 });
  const [program = '', ...options] = command;
  // A group of its own: stopping reaches the processes of open connections too.
  const daemon = spawn(program, options, { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
  const ended = once(daemon, 'exit').catch(() => undefined);
  const output = createInterface(daemon.stderr);
  const listening = new Promise<boolean>((resolve) => {
    output.on('line', (line) => {
      if (line.startsWith('Server listening')) resolve(true);
    });
    ended.then(() => resolve(false));
  });
  const signal = (name: NodeJS.Signals) => {
    try {
      if (daemon.pid !== undefined) process.kill(-daemon.pid, name);
    } catch {
      // Gone already.
    }
  };
  const killWithUs = () => signal('SIGKILL');
  process.once('exit', killWithUs);
  const stop = async () => {
    signal('SIGTERM');
    await ended;
    signal('SIGKILL');
    process.removeListener('exit', killWithUs);
  };
  if (await listening) return stop;
  await stop();
  throw new Error('sshd did not start');
}
