// Fetching over FTP and FTPS from ProFTPD, and from servers that try to lead us elsewhere.
import { readFile, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { defaultOptions, type ServerProfile } from '../../../services/packager/server-profile.ts';
import { ftpSource } from '../../../services/packager/sources/ftp.ts';
import { transferLimits } from '../../../services/packager/transfer-limits.ts';
import { createAuthority, loopbackNames } from '../../support/certificates.ts';
import { startProftpd } from '../../support/proftpd.ts';
import { failure, fetched, fetchRequest, sourceSuite } from '../../support/source-suite.ts';

const source = ftpSource();
const impatient = ftpSource({ ...transferLimits, silenceMs: 600 });

t.test('as every source: FTP', (t) => sourceSuite(t, { source, impatient, start: (t) => startProftpd(t) }));

t.test('FTPS', async (t) => {
  const authority = await createAuthority(t);
  if (authority === undefined) return;
  const good = await authority.issue('good', '/CN=good', { names: loopbackNames });
  const authorities = [await readFile(authority.ca, 'utf8')];

  await t.test('as every source', (t) =>
    sourceSuite(t, {
      source,
      impatient,
      start: (t) => startProftpd(t, { certificate: good }),
      request: { authorities },
    }),
  );

  await t.test('by address, whose certificate names it', async (t) => {
    const server = await startProftpd(t, { certificate: good });
    if (server === undefined) return;
    await writeFile(join(server.folder, 'a.iso'), 'content');
    const byAddress = { ...server.profile, address: '127.0.0.1' };
    const { content } = await fetched(
      source,
      fetchRequest(server, 'a.iso', { authorities, server: byAddress }),
    );
    t.equal(content.toString(), 'content');
    t.match(await failure(source, fetchRequest(server, 'a.iso')), {
      code: 'certificate_refused',
      message: /authority is not trusted/,
      transient: false,
    });
  });

  await t.test('certificates that are not right', async (t) => {
    const wrong = [
      ['other', 'DNS:other.example', 2, /another name/],
      ['old', 'DNS:localhost', -1, /expired/],
    ] as const;
    for (const [name, names, days, message] of wrong) {
      const certificate = await authority.issue(name, `/CN=${name}`, { names, days });
      const server = await startProftpd(t, { certificate });
      if (server === undefined) return;
      const problem = await failure(source, fetchRequest(server, 'a.iso', { authorities }));
      t.match(problem, { code: 'certificate_refused', message, transient: false }, name);
    }
  });

  await t.test('never falls back to plain FTP', async (t) => {
    const server = await startProftpd(t);
    if (server === undefined) return;
    const wanted: ServerProfile = { ...server.profile, protocol: 'FTPS' };
    t.match(await failure(source, fetchRequest(server, 'a.iso', { server: wanted })), {
      code: 'tls_failed',
      message: /does not offer TLS/,
    });
  });

  await t.test('TLS from the first byte on port 990', async (t) => {
    const server = await startProftpd(t, { certificate: good, implicit: true, port: 990 });
    if (server === undefined) return;
    await writeFile(join(server.folder, 'a.iso'), 'content');
    const { content, size } = await fetched(source, fetchRequest(server, 'a.iso', { authorities }));
    t.equal(content.toString(), 'content');
    t.equal(size, 7);
  });
});

/** A server that answers from a table, by the first word of a command; without an entry it stays silent. */
async function scripted(t: Test, answers: Record<string, string>) {
  const commands: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    socket.write(answers.welcome ?? '220 hello\r\n');
    socket.setEncoding('utf8').on('data', (text: string) => {
      for (const line of text.split('\r\n').filter((line) => line !== '')) {
        commands.push(line);
        const answer = answers[line.split(' ')[0] ?? ''];
        if (answer !== undefined) socket.write(`${answer}\r\n`);
      }
    });
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const profile: ServerProfile = {
    id: '1',
    address: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    protocol: 'FTP',
    username: 'store',
    password: 'secret',
    defaultPath: '',
    hostKeys: [],
    options: defaultOptions,
    privateKey: '',
  };
  const file = { profile, folder: '', root: '/', freeze: () => undefined, drop: () => undefined };
  return { commands, request: fetchRequest(file, 'a.iso') };
}

const usual = {
  OPTS: '200 ok',
  USER: '331 password',
  PASS: '230 in',
  FEAT: '211 none',
  TYPE: '200 ok',
  STRU: '200 ok',
  SIZE: '213 7',
  EPSV: '500 what',
  CWD: '550 no',
};

t.test('a data connection to another address is refused', async (t) => {
  const { commands, request } = await scripted(t, { ...usual, PASV: '227 Entering (10,9,8,7,10,229)' });
  t.match(await failure(source, request), {
    code: 'remote_refused',
    message: /data connection to go to another address/,
  });
  t.notOk(commands.some((line) => line.startsWith('RETR')));
});

t.test('a server that says nothing, or too many users', async (t) => {
  const mute = await scripted(t, { ...usual, welcome: '' });
  t.match(await failure(impatient, mute.request), { code: 'connection_stalled', transient: true });
  const full = await scripted(t, { ...usual, USER: '421 too many users' });
  t.match(await failure(source, full.request), { code: 'remote_failed', transient: true });
  t.match((await failure(source, full.request)).message, /too many users/);
});

t.test('a line break in a path or password never becomes a command', async (t) => {
  const { commands, request } = await scripted(t, usual);
  await t.rejects(fetched(impatient, { ...request, path: '/a\r\nDELE b' }));
  const server = { ...request.server, password: 'x\r\nDELE b' };
  t.equal((await failure(source, { ...request, server })).code, 'login_refused');
  t.notOk(commands.some((line) => line.startsWith('DELE')));
});

t.test('a server without SIZE', async (t) => {
  const { request } = await scripted(t, { ...usual, SIZE: '502 no such command', PASV: '425 not now' });
  const file = await source(request);
  t.equal(file.size, undefined);
  await file.close();
});
