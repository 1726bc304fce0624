/** ProFTPD on loopback with users of its own, for FTP and FTPS. Root only: it answers as the user who signs in. */
import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Test } from 'tap';
import { defaultOptions } from '../../services/packager/server-profile.ts';
import type { Issued } from './certificates.ts';
import { freePort, startDaemon } from './daemon.ts';
import type { FileServer } from './file-server.ts';
import { needTool } from './tools.ts';

const USER = 61_998;
const NOGROUP = 65_534;

export interface FtpOptions {
  /** With one it speaks TLS, and nothing else. */
  certificate?: Issued;
  /** TLS from the first byte on. */
  implicit?: boolean;
  port?: number;
  /** More lines of its configuration; by default a file may be replaced. */
  more?: readonly string[];
}

/** Undefined: skipped, with a note. */
export async function startProftpd(t: Test, options: FtpOptions = {}): Promise<FileServer | undefined> {
  const program = needTool(t, 'proftpd');
  if (program === undefined) return undefined;
  if (process.getuid?.() !== 0) {
    t.pass('proftpd needs root', { skip: 'proftpd needs root' });
    return undefined;
  }
  const settings = await mkdtemp(join(tmpdir(), 'osimage-ftp-'));
  t.teardown(() => rm(settings, { recursive: true, force: true }));
  await chmod(settings, 0o755);
  const folder = join(settings, 'files');
  await mkdir(folder, { mode: 0o755 });
  await chown(folder, USER, NOGROUP);
  const username = 'store';
  const password = 'S3cret of the server';
  const { stdout } = await promisify(execFile)('openssl', ['passwd', '-6', password]);
  const users = join(settings, 'users');
  await writeFile(users, `${username}:${stdout.trim()}:${USER}:${NOGROUP}::${folder}:/bin/false\n`, {
    mode: 0o600,
  });
  const port = options.port ?? (await freePort());
  await writeFile(join(settings, 'proftpd.conf'), configuration(settings, users, port, options));
  const daemon = await startDaemon(t, program, ['-n', '-q', '-c', join(settings, 'proftpd.conf')], port);
  return {
    profile: {
      id: '101',
      address: 'localhost',
      port,
      protocol: options.certificate ? 'FTPS' : 'FTP',
      username,
      password,
      defaultPath: '',
      hostKeys: [],
      options: defaultOptions,
      privateKey: '',
    },
    folder,
    root: `${folder}/`,
    freeze: () => daemon.signal('SIGSTOP'),
    drop: () => daemon.killChildren(),
  };
}

function configuration(settings: string, users: string, port: number, options: FtpOptions): string {
  const lines = [
    'ServerType standalone',
    'ServerName test',
    `Port ${port}`,
    'DefaultAddress 127.0.0.1',
    'SocketBindTight on',
    'UseIPv6 off',
    'User nobody',
    'Group nogroup',
    'UseReverseDNS off',
    'WtmpLog off',
    'TransferLog none',
    `SystemLog ${join(settings, 'log')}`,
    `PidFile ${join(settings, 'pid')}`,
    `ScoreboardFile ${join(settings, 'scoreboard')}`,
    'AuthOrder mod_auth_file.c',
    'AuthPAM off',
    `AuthUserFile ${users}`,
    'RequireValidShell off',
    'MaxLoginAttempts 1',
    '<IfModule mod_delay.c>',
    'DelayEngine off',
    '</IfModule>',
  ];
  const { certificate, implicit, more = ['AllowOverwrite on'] } = options;
  if (certificate) {
    lines.push(
      'ModulePath /usr/lib/proftpd',
      'LoadModule mod_tls.c',
      'TLSEngine on',
      'TLSRequired on',
      `TLSECCertificateFile ${certificate.cert}`,
      `TLSECCertificateKeyFile ${certificate.key}`,
      `TLSLog ${join(settings, 'tls.log')}`,
    );
    if (implicit) lines.push('TLSOptions UseImplicitSSL');
  }
  lines.push(...more);
  return `${lines.join('\n')}\n`;
}
