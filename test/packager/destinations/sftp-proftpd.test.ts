// Deliveries over SFTP to ProFTPD's mod_sftp: the common suite, on another server than OpenSSH.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { sftpSuite } from '../../support/destination-suite.ts';
import type { FileServer } from '../../support/file-server.ts';
import { startProftpd } from '../../support/proftpd.ts';
import { startProxy } from '../../support/proxy.ts';
import { needTool } from '../../support/tools.ts';

const modules = '/usr/lib/proftpd';

async function start(t: Test): Promise<FileServer | undefined> {
  const keygen = needTool(t, 'ssh-keygen');
  if (keygen === undefined) return undefined;
  if (!existsSync(join(modules, 'mod_sftp.so'))) {
    t.pass('missing tool: mod_sftp', { skip: 'missing tool: proftpd-mod-crypto' });
    return undefined;
  }
  const keys = await mkdtemp(join(tmpdir(), 'osimage-modsftp-'));
  t.teardown(() => rm(keys, { recursive: true, force: true }));
  const key = join(keys, 'host');
  // The form mod_sftp reads.
  await promisify(execFile)(keygen, ['-q', '-t', 'ecdsa', '-b', '256', '-m', 'PEM', '-N', '', '-f', key]);
  const server = await startProftpd(t, {
    more: [
      `ModulePath ${modules}`,
      'LoadModule mod_sftp.c',
      'SFTPEngine on',
      `SFTPHostKey ${key}`,
      'SFTPAuthMethods password',
      'AllowOverwrite on',
    ],
  });
  if (server === undefined) return undefined;
  const proxy = await startProxy(t, server.profile.port);
  const hostKeys = [(await readFile(`${key}.pub`, 'utf8')).split(' ').slice(0, 2).join(' ')];
  return {
    ...server,
    profile: { ...server.profile, protocol: 'SFTP', port: proxy.port, hostKeys },
    freeze: proxy.hold,
    drop: proxy.drop,
  };
}

t.test('as every destination', (t) => sftpSuite(t, start));
