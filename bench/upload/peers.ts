/** What people send a file to an SFTP server with: each with its defaults, signed in with a key. */
import { execFile } from 'node:child_process';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { SftpServer } from '../../samples/sftp-server.ts';

const run = promisify(execFile);

export interface Target {
  readonly server: SftpServer;
  /** Of the link to it. */
  readonly port: number;
  /** Private key that the server knows. */
  readonly key: string;
}

/** Seconds on the clock, and seconds of processor time of the peer and what it started. */
export interface Cost {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

const options = (key: string) =>
  `-i ${key} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o BatchMode=yes`;

/** The command lines, by the name of the peer. `from` and `to` are paths. */
export const peers: Readonly<Record<string, (target: Target, from: string, to: string) => string>> = {
  'OpenSSH sftp': ({ server, port, key }, from, to) =>
    `echo 'put ${from} ${to}' | sftp -q ${options(key)} -P ${port} -b - ${server.username}@127.0.0.1 >/dev/null`,
  scp: ({ server, port, key }, from, to) =>
    `scp -q ${options(key)} -P ${port} ${from} ${server.username}@127.0.0.1:${to}`,
  rclone: ({ server, port, key }, from, to) =>
    `rclone copyto ${from} ':sftp:${to}' --config /dev/null --sftp-host 127.0.0.1 --sftp-port ${port}` +
    ` --sftp-user ${server.username} --sftp-key-file ${key} --log-level ERROR`,
  lftp: ({ server, port, key }, from, to) =>
    `lftp -c "set sftp:connect-program 'ssh -a -x ${options(key)}'; set net:max-retries 1;` +
    ` open sftp://${server.username}:@127.0.0.1:${port}; put ${from} -o ${to}"`,
};

/** Makes a key pair in `folder` that the server lets in; gives the path of the private one. */
export async function makeKey(server: SftpServer, folder: string): Promise<string> {
  const key = join(folder, 'key');
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
  const { stdout } = await run('ssh-keygen', ['-y', '-f', key]);
  if (server.authorizedKeys === undefined) throw new Error('this server takes no keys');
  await appendFile(server.authorizedKeys, stdout);
  return key;
}

/** Runs a line of bash; throws when any part of it fails. */
export async function timed(command: string): Promise<Cost> {
  const script = `set -o pipefail; TIMEFORMAT='%R %U %S'; time { ${command}; }`;
  const { stderr } = await run('bash', ['-c', script], { env: { ...process.env, LC_ALL: 'C' } });
  const last = stderr.trim().split('\n').at(-1) ?? '';
  const [seconds = 0, user = 0, system = 0] = last.split(' ').map(Number);
  if (!/^[\d. ]+$/.test(last)) throw new Error(`no times: ${stderr}`);
  return { seconds, cpuSeconds: user + system };
}

export async function versions(): Promise<string> {
  const first = async (command: string, args: string[]) => {
    const { stdout, stderr } = await run(command, args);
    return (stdout || stderr).split('\n')[0] ?? '';
  };
  const said = await Promise.all([
    first('ssh', ['-V']),
    first('rclone', ['version']),
    first('lftp', ['--version']),
  ]);
  return said.map((line) => line.split(',')[0]?.replace(/ \|.*/, '') ?? '').join(', ');
}
