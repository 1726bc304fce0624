// Deliveries to a server that misbehaves: each fault gives its own problem, and no half file stays.
import { readdirSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type BuiltInServer, type ServerFaults, startBuiltInServer } from '../../../samples/sftp-server.ts';
import { deliverTo } from '../../../services/packager/destinations/index.ts';
import { sftpDestination } from '../../../services/packager/destinations/sftp/deliver.ts';
import { defaultLimits } from '../../../services/packager/sftp/limits.ts';
import { checkSum, deliveryTo, problemOf, profileOf, someBytes } from '../../support/delivery.ts';
import { until } from '../../support/until.ts';

const MIB = 1024 * 1024;
const content = someBytes(4 * MIB + 77);
const deliver = deliverTo('SFTP');

async function start(t: Test, faults: ServerFaults = {}): Promise<BuiltInServer> {
  const folder = await mkdtemp(join(tmpdir(), 'osimage-faults-'));
  const server = await startBuiltInServer({ folder, faults });
  t.teardown(async () => {
    await server.stop();
    await rm(server.folder, { recursive: true, force: true });
  });
  return server;
}

t.test('a server without any extension: plain rename, no space check, small writes', async (t) => {
  const server = await start(t);
  const path = join(server.folder, 'new', 'f');
  for (const attempt of [1, 2]) {
    const { finalPath } = await deliver(deliveryTo(profileOf(server), content, path, { attempt }));
    t.equal(finalPath, path);
    t.ok((await readFile(path)).equals(content), attempt === 1 ? 'new' : 'replaced');
    t.equal(await checkSum(path), 'f: OK');
    t.strictSame((await readdir(join(server.folder, 'new'))).sort(), ['f', 'f.sha256']);
    // The second one must replace what it finds.
    await writeFile(path, 'old');
    await writeFile(`${path}.sha256`, 'old');
  }
  await until(() => server.connections.size === 0);
});

t.test('the connection is reset in the middle', async (t) => {
  const server = await start(t, { resetAfter: 2 * MIB });
  const work = deliver(deliveryTo(profileOf(server), content, 'f'));
  delete (await reached(server, 2 * MIB)).faults.resetAfter;
  const problem = await problemOf(work);
  t.equal(problem.code, 'connection_lost');
  t.ok(problem.transient, 'it is tried again');
  t.strictSame(await readdir(server.folder), [], 'taken back over a fresh connection');
  await until(() => server.connections.size === 0);
  await deliver(deliveryTo(profileOf(server), content, 'f', { attempt: 2 }));
  t.ok((await readFile(join(server.folder, 'f'))).equals(content));
});

t.test('the connection is reset and the server is gone: the next attempt tidies up', async (t) => {
  const server = await start(t, { resetAfter: 2 * MIB });
  t.equal((await problemOf(deliver(deliveryTo(profileOf(server), content, 'f')))).code, 'connection_lost');
  await writeFile(join(server.folder, '.f.12-1.part'), 'half');
  delete server.faults.resetAfter;
  await deliver(deliveryTo(profileOf(server), content, 'f', { attempt: 2 }));
  t.strictSame((await readdir(server.folder)).sort(), ['f', 'f.sha256']);
});

t.test('the link goes silent', async (t) => {
  const server = await start(t, { deafAfter: 2 * MIB });
  const impatient = sftpDestination({ ...defaultLimits, silenceMs: 300 });
  const problem = await problemOf(impatient(deliveryTo(profileOf(server), content, 'f')));
  t.match(problem, { code: 'connection_stalled', transient: true });
});

t.test('the server lives but answers no request', async (t) => {
  const server = await start(t, { muteAfter: 2 * MIB });
  const impatient = sftpDestination({ ...defaultLimits, answerMs: 300 });
  const problem = await problemOf(impatient(deliveryTo(profileOf(server), content, 'f')));
  t.match(problem, { code: 'connection_stalled', transient: true });
});

t.test('a slow server is not a stalled one', async (t) => {
  const server = await start(t);
  const faults: ServerFaults = server.faults;
  faults.onWrite = () => new Promise((resolve) => setTimeout(resolve, 20));
  const impatient = sftpDestination({ ...defaultLimits, silenceMs: 2000, answerMs: 2000 });
  await impatient(deliveryTo(profileOf(server), someBytes(MIB), 'f'));
  t.strictSame((await readdir(server.folder)).sort(), ['f', 'f.sha256']);
});

for (const fault of ['muteAfter', 'deafAfter'] as const) {
  t.test(`cancelled while the server does not answer (${fault})`, async (t) => {
    const server = await start(t, { [fault]: MIB });
    const controller = new AbortController();
    const work = deliver(deliveryTo(profileOf(server), content, 'f', { signal: controller.signal }));
    await reached(server, MIB);
    t.strictSame(readdirSync(server.folder), ['.f.12-1.part'], 'it is on its way');
    const reason = new Error('cancelled');
    controller.abort(reason);
    await t.rejects(work, reason, 'it ends although nothing is answered');
    if (fault === 'deafAfter') {
      t.strictSame(await readdir(server.folder), [], 'taken back over a fresh connection');
    }
    // What a paused socket was sent lies unread until it is closed here.
    for (const socket of server.connections) socket.resume();
    await until(() => server.connections.size === 0);
  });
}

t.test('cancelled at every step', async (t) => {
  const server = await start(t);
  const steps = [
    'connecting to the file server',
    'checking the target folder',
    'sending',
    'verifying',
    'publishing',
  ];
  for (const step of steps) {
    const controller = new AbortController();
    const reason = new Error(`cancelled while ${step}`);
    const delivery = deliveryTo(profileOf(server), content, 'f', {
      signal: controller.signal,
      onStep: (now) => {
        if (now === step) controller.abort(reason);
      },
    });
    await t.rejects(deliver(delivery), reason, step);
    t.strictSame(await readdir(server.folder), [], step);
    t.equal(delivery.archive.open, 0);
  }
  await until(() => server.connections.size === 0);
});

t.test('cancelled before it began', async (t) => {
  const server = await start(t);
  const reason = new Error('cancelled early');
  await t.rejects(
    deliver(deliveryTo(profileOf(server), content, 'f', { signal: AbortSignal.abort(reason) })),
    reason,
  );
  t.equal(server.logins, 0);
});

t.test('a failure of the archive itself', async (t) => {
  const server = await start(t);
  const damaged = new Error('segment 3 is rotten');
  const delivery = deliveryTo(profileOf(server), content, 'f');
  const archive = {
    ...delivery.archive,
    async *stream() {
      yield content.subarray(0, MIB);
      throw damaged;
    },
  };
  await t.rejects(deliver({ ...delivery, archive }), damaged);
  t.strictSame(await readdir(server.folder), []);
});

t.test('writes that fail, with nobody to tell why', async (t) => {
  const server = await start(t, { fullAfter: 2 * MIB });
  const problem = await problemOf(deliver(deliveryTo(profileOf(server), content, 'f')));
  t.match(problem, { code: 'remote_failed', transient: true, message: /write/ });
  t.strictSame(await readdir(server.folder), []);
});

t.test('a server that loses bytes', async (t) => {
  const server = await start(t, { losesBytes: 1 });
  const problem = await problemOf(deliver(deliveryTo(profileOf(server), content, 'f')));
  t.match(problem, {
    code: 'remote_mismatch',
    message: new RegExp(`has ${content.length - 1} bytes instead of ${content.length}`),
  });
  t.strictSame(await readdir(server.folder), []);
});

t.test('no SFTP behind the login', async (t) => {
  const server = await start(t, { noSftp: true });
  const problem = await problemOf(deliver(deliveryTo(profileOf(server), content, 'f')));
  t.match(problem, { code: 'sftp_not_offered', transient: false });
  await until(() => server.connections.size === 0);
});

t.test('nobody listens', async (t) => {
  const server = await start(t);
  await server.stop();
  const problem = await problemOf(deliver(deliveryTo(profileOf(server), content, 'f')));
  t.match(problem, { code: 'host_unreachable', transient: true, message: /refused/ });
});

t.test('a name that does not exist', async (t) => {
  const server = await start(t);
  const profile = profileOf(server, { address: 'no-such-host.invalid' });
  t.equal((await problemOf(deliver(deliveryTo(profile, content, 'f')))).code, 'name_not_resolved');
});

t.test('a name instead of an address', async (t) => {
  const server = await start(t);
  await deliver(deliveryTo(profileOf(server, { address: 'localhost' }), content, 'f'));
  t.ok((await readFile(join(server.folder, 'f'))).equals(content));
});

for (const [greeting, what] of [
  ['HTTP/1.1 400 Bad Request\r\n\r\n', 'another protocol'],
  ['', 'nothing at all'],
] as const) {
  t.test(`a port where ${what} answers`, async (t) => {
    const listener = createServer((socket) => {
      socket.on('error', () => undefined);
      if (greeting === '') socket.resume();
      else socket.end(greeting);
    }).listen(0, '127.0.0.1');
    await until(() => listener.listening);
    t.teardown(() => listener.close());
    const { port } = listener.address() as { port: number };
    const server = await start(t);
    const impatient = sftpDestination({ ...defaultLimits, handshakeMs: 200 });
    const problem = await problemOf(impatient(deliveryTo(profileOf(server, { port }), content, 'f')));
    t.equal(problem.code, 'host_unreachable');
  });
}

/** Waits until so many bytes of content have arrived. */
async function reached(server: BuiltInServer, bytes: number): Promise<BuiltInServer> {
  await until(() => (server.faults.arrived ?? 0) >= bytes);
  return server;
}
