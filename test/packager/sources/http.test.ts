// Fetching over HTTP and HTTPS from nginx, and from servers that answer what no server should.
import { readFile, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { defaultOptions, type ServerProfile } from '../../../services/packager/server-profile.ts';
import { httpSource } from '../../../services/packager/sources/http.ts';
import { transferLimits } from '../../../services/packager/transfer-limits.ts';
import { createAuthority, loopbackNames } from '../../support/certificates.ts';
import { startNginx } from '../../support/nginx.ts';
import { failure, fetched, fetchRequest, sourceSuite } from '../../support/source-suite.ts';

const source = httpSource();
const impatient = httpSource({ ...transferLimits, silenceMs: 600 });

t.test('as every source: HTTP', (t) => sourceSuite(t, { source, impatient, start: (t) => startNginx(t) }));

t.test('HTTPS', async (t) => {
  const authority = await createAuthority(t);
  if (authority === undefined) return;
  const good = await authority.issue('good', '/CN=good', { names: loopbackNames });
  const authorities = [await readFile(authority.ca, 'utf8')];

  await t.test('as every source', (t) =>
    sourceSuite(t, {
      source,
      impatient,
      start: (t) => startNginx(t, { certificate: good }),
      request: { authorities },
    }),
  );

  await t.test('certificates that are not right', async (t) => {
    const wrong = [
      ['good', 'DNS:localhost', 2, [], /authority is not trusted/],
      ['other', 'DNS:other.example', 2, authorities, /another name/],
      ['old', 'DNS:localhost', -1, authorities, /expired/],
    ] as const;
    for (const [name, names, days, trusted, message] of wrong) {
      const server = await startNginx(t, {
        certificate: await authority.issue(name, `/CN=${name}`, { names, days }),
      });
      if (server === undefined) return;
      const problem = await failure(source, fetchRequest(server, 'a.iso', { authorities: trusted }));
      t.match(problem, { code: 'certificate_refused', message, transient: false }, name);
    }
  });

  await t.test('what answers does not speak TLS', async (t) => {
    const server = await startNginx(t);
    if (server === undefined) return;
    const wanted: ServerProfile = { ...server.profile, protocol: 'HTTPS' };
    t.match(await failure(source, fetchRequest(server, 'a.iso', { server: wanted })), {
      code: 'tls_failed',
      message: /does not speak TLS/,
    });
  });
});

t.test('redirects', async (t) => {
  const server = await startNginx(t, {
    locations: `
      absolute_redirect off;
      location = /moved.iso { return 302 /a.iso; }
      location = /twice.iso { return 307 moved.iso?x=y; }
      location = /loop.iso { return 302 /loop.iso; }
      location = /elsewhere.iso { return 302 http://127.0.0.1:1/a.iso?token=hidden; }
      location = /other-name.iso { return 302 http://127.0.0.1:$server_port/a.iso; }
      location = /metadata.iso { return 302 http://169.254.169.254/latest; }
      location = /secure.iso { return 302 https://$http_host/a.iso; }
      location = /file.iso { return 302 file:///etc/passwd; }
      location = /nowhere.iso { return 302 ""; }
    `,
  });
  if (server === undefined) return;
  await writeFile(join(server.folder, 'a.iso'), 'content');
  for (const name of ['moved.iso', 'twice.iso']) {
    const { content } = await fetched(source, fetchRequest(server, name));
    t.equal(content.toString(), 'content', name);
  }
  for (const name of ['elsewhere', 'other-name', 'metadata', 'secure', 'file']) {
    const problem = await failure(source, fetchRequest(server, `${name}.iso`));
    t.match(problem, { code: 'redirect_refused', transient: false }, name);
    t.notMatch(problem.message, /hidden|latest|passwd/, 'without the path, which may be a secret');
  }
  for (const name of ['loop', 'nowhere'])
    t.match(await failure(source, fetchRequest(server, `${name}.iso`)), { code: 'remote_refused' }, name);
});

t.test('status codes', async (t) => {
  const codes = [400, 403, 404, 405, 410, 418, 429, 500, 503];
  const locations = codes.map((code) => `location = /${code}.iso { return ${code}; }`).join('\n');
  const server = await startNginx(t, { locations });
  if (server === undefined) return;
  const expected: Record<number, [string, boolean]> = {
    403: ['remote_unreadable', false],
    404: ['remote_file_missing', false],
    410: ['remote_file_missing', false],
    429: ['remote_failed', true],
    500: ['remote_failed', true],
    503: ['remote_failed', true],
  };
  for (const code of codes) {
    const [name, transient] = expected[code] ?? ['remote_refused', false];
    t.match(await failure(source, fetchRequest(server, `${code}.iso`)), { code: name, transient }, `${code}`);
  }
  const nobody = { ...server.profile, username: '', password: '' };
  t.match(await failure(source, fetchRequest(server, 'a.iso', { server: nobody })), {
    code: 'login_refused',
    message: /anonymous/,
  });
});

t.test('a length that is not told, and a file that is sent encoded', async (t) => {
  const server = await startNginx(t, {
    locations: `
      location = /chunked.iso { sub_filter_types *; sub_filter 'no such text' ''; }
      location = /packed.iso { add_header Content-Encoding gzip; }
      location = /packed.tar.gz { add_header Content-Encoding x-gzip; }
    `,
  });
  if (server === undefined) return;
  for (const name of ['chunked.iso', 'packed.iso', 'packed.tar.gz'])
    await writeFile(join(server.folder, name), 'content');
  const chunked = await fetched(source, fetchRequest(server, 'chunked.iso'));
  t.match(chunked, { size: undefined });
  t.equal(chunked.content.toString(), 'content');
  t.match(await failure(source, fetchRequest(server, 'packed.iso')), {
    code: 'remote_refused',
    message: /encoded/,
  });
  const { content } = await fetched(source, fetchRequest(server, 'packed.tar.gz'));
  t.equal(content.toString(), 'content', 'a .gz is what it is');
});

/** A server that says the same to everybody, and closes the connection when `end` is set. */
async function saying(t: Test, answer: string, end: boolean) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined).resume());
    if (end) socket.end(answer);
    else socket.write(answer);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const rest = {
    id: '1',
    username: '',
    password: '',
    defaultPath: '',
    hostKeys: [],
    privateKey: '',
    options: defaultOptions,
  };
  const profile: ServerProfile = { ...rest, address: '127.0.0.1', port, protocol: 'HTTP' };
  return fetchRequest({ profile, folder: '', root: '/', freeze() {}, drop() {} }, 'a.iso');
}

t.test('answers that no server should give', async (t) => {
  const ok = 'HTTP/1.1 200 OK\r\n';
  const cases: [string, string, boolean, string, boolean][] = [
    ['cut off', `${ok}Content-Length: 100\r\n\r\nhalf`, true, 'connection_lost', true],
    [
      'cut off in chunks',
      `${ok}Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n`,
      true,
      'connection_lost',
      true,
    ],
    ['nothing at all', '', true, 'connection_lost', true],
    ['silence', '', false, 'connection_stalled', true],
    ['half the headers', ok, false, 'connection_stalled', true],
    ['asked to wait', 'HTTP/1.1 408 Slow\r\nContent-Length: 0\r\n\r\n', true, 'remote_failed', true],
    ['no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n', false, 'remote_refused', false],
    ['endless headers', `${ok}X: ${'x'.repeat(100_000)}`, false, 'remote_refused', false],
  ];
  for (const [what, answer, end, code, transient] of cases) {
    const request = await saying(t, answer, end);
    t.match(await failure(impatient, request), { code, transient }, what);
  }
});
