/** nginx on loopback that wants HTTP Basic, for HTTP and HTTPS. */
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
import { startProxy } from './proxy.ts';
import { needTool } from './tools.ts';

// The user of nginx's workers when it is started by root.
const NOBODY = 65_534;

/**
 * `locations` are put into the server's configuration; with `writable` its user owns the folder. Undefined: skipped,
 * with a note.
 */
export async function startNginx(
  t: Test,
  {
    certificate,
    locations = '',
    writable = false,
  }: { certificate?: Issued; locations?: string; writable?: boolean } = {},
): Promise<FileServer | undefined> {
  const program = needTool(t, 'nginx');
  if (program === undefined) return undefined;
  const settings = await mkdtemp(join(tmpdir(), 'osimage-http-'));
  t.teardown(() => rm(settings, { recursive: true, force: true }));
  await chmod(settings, 0o755);
  const folder = join(settings, 'files');
  await mkdir(folder, { mode: 0o755 });
  if (writable && process.getuid?.() === 0) await chown(folder, NOBODY, -1);
  const username = 'store';
  const password = 'S3cret: of the server';
  const { stdout } = await promisify(execFile)('openssl', ['passwd', '-apr1', password]);
  await writeFile(join(settings, 'users'), `${username}:${stdout.trim()}\n`, { mode: 0o644 });
  const port = await freePort();
  const file = join(settings, 'nginx.conf');
  await writeFile(file, configuration(settings, folder, port, certificate, locations));
  await startDaemon(t, program, ['-c', file, '-p', settings, '-e', join(settings, 'error.log')], port);
  const proxy = await startProxy(t, port);
  return {
    profile: {
      id: '101',
      address: 'localhost',
      port: proxy.port,
      protocol: certificate ? 'HTTPS' : 'HTTP',
      username,
      password,
      defaultPath: '',
      hostKeys: [],
      options: defaultOptions,
      privateKey: '',
    },
    folder,
    root: '/',
    freeze: () => (writable ? proxy.hold() : proxy.freeze()),
    drop: () => proxy.drop(),
  };
}

function configuration(
  settings: string,
  folder: string,
  port: number,
  certificate: Issued | undefined,
  locations: string,
): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `
    daemon off;
    ${process.getuid?.() === 0 ? 'user nobody nogroup;' : ''}
    worker_processes 1;
    pid ${join(settings, 'pid')};
    error_log ${join(settings, 'error.log')};
    events {}
    http {
      access_log off;
      ${temporary.map((name) => `${name}_temp_path ${join(settings, name)};`).join('\n')}
      server {
        listen 127.0.0.1:${port} ${certificate ? 'ssl' : ''};
        ${certificate ? `ssl_certificate ${certificate.cert}; ssl_certificate_key ${certificate.key};` : ''}
        auth_basic "files";
        auth_basic_user_file ${join(settings, 'users')};
        root ${folder};
        ${locations}
      }
    }
  `;
}
