/**
 * An SFTP server with OpenSSH's own sftp-server behind it, for one test. As root it is sshd itself; otherwise
 * sshd cannot check passwords, so the login is that of the built-in server and only the files are OpenSSH's.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { startOpenSsh } from '../../samples/openssh.ts';
import { type SftpServer, startBuiltInServer } from '../../samples/sftp-server.ts';
import { needTool } from './tools.ts';

// Where Debian, Fedora and Arch put it.
const programs = [
  '/usr/lib/openssh/sftp-server',
  '/usr/libexec/openssh/sftp-server',
  '/usr/lib/ssh/sftp-server',
];

/**
 * Starts the server on a fresh folder, or on `folder`; both go away with the test. `settings` are lines for sshd_config, which
 * count as root only. Undefined: skipped, with a note.
 */
export async function startSshd(
  t: Test,
  folder?: string,
  settings: readonly string[] = [],
): Promise<SftpServer | undefined> {
  if (needTool(t, 'sshd') === undefined) return undefined;
  const own = folder ?? (await mkdtemp(join(tmpdir(), 'osimage-sftp-')));
  t.teardown(() => rm(own, { recursive: true, force: true }));
  const server = (await startOpenSsh({ folder: own, settings })) ?? (await startBehindOurLogin(own));
  if (server === undefined) {
    t.pass('missing tool: sftp-server', { skip: 'missing tool: sftp-server' });
    return undefined;
  }
  t.comment(server.kind === 'OpenSSH' ? 'server: sshd' : 'server: our login, files by OpenSSH (not root)');
  t.teardown(() => server.stop());
  return server;
}

/** OpenSSH's program that does the files of one login; undefined where there is none. */
export function sftpProgram(): string | undefined {
  return programs.find((path) => existsSync(path));
}

async function startBehindOurLogin(folder: string): Promise<SftpServer | undefined> {
  const program = sftpProgram();
  return program === undefined ? undefined : startBuiltInServer({ folder, program });
}
