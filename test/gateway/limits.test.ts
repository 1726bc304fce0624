/** Each limit of the gateway that has a setting, on a gateway that listens. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { basic, createTestGateway } from '../support/gateway.ts';
import { until } from '../support/until.ts';
import { firstAnswer, untilClosed, type WireAnswer, wire } from '../support/wire.ts';

const { authorization } = basic();
const servers = '/osImages/remoteFileServers';

/** A gateway with these settings, listening on plain HTTP; gives its port. */
async function listen(t: Test, env: NodeJS.ProcessEnv): Promise<number> {
  const { app } = await createTestGateway(t, { env });
  await app.listen({ host: '127.0.0.1', port: 0 });
  return (app.server.address() as AddressInfo).port;
}

function head(method: string, path: string, ...fields: string[]): string {
  return [
    `${method} ${path} HTTP/1.1`,
    'Host: here',
    `Authorization: ${authorization}`,
    ...fields,
    '',
    '',
  ].join('\r\n');
}

/** Compares an answer that comes without Fastify as well as any other. */
function matches(t: Test, answer: WireAnswer, status: number, id: string): void {
  t.equal(answer.status, status);
  t.match(answer.headers, {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  });
  t.match(JSON.parse(answer.body), { result: 'failed', messages: [{ id }] });
}

t.test('HTTP_BODY_BYTES', async (t) => {
  const port = await listen(t, { HTTP_BODY_BYTES: '2000' });
  const fields = ['Content-Type: application/json', 'Content-Length: 2001'];
  const announced = await wire(port, head('POST', servers, ...fields));
  matches(t, await firstAnswer(announced), 413, 'FQXHMFC9005M');
  announced.destroy();
  const chunked = head('POST', servers, 'Content-Type: application/json', 'Transfer-Encoding: chunked');
  const counted = await wire(port, `${chunked}7d1\r\n${'x'.repeat(2001)}\r\n`);
  matches(t, await firstAnswer(counted), 413, 'FQXHMFC9005M');
  counted.destroy();
});

t.test('HTTP_BODY_SECONDS', async (t) => {
  const port = await listen(t, { HTTP_BODY_SECONDS: '1' });
  const fields = ['Content-Type: application/json', 'Content-Length: 20'];
  const slow = await wire(port, `${head('POST', servers, ...fields)}{"a"`);
  matches(t, await firstAnswer(slow), 408, 'FQXHMSE9305M');
  slow.destroy();
  const unknownType = await wire(port, head('POST', servers, 'Content-Type: text/xml', 'Content-Length: 20'));
  matches(t, await firstAnswer(unknownType), 415, 'FQXHMFC9006M');
  unknownType.destroy();
});

t.test('HTTP_HEADER_BYTES', async (t) => {
  const port = await listen(t, { HTTP_HEADER_BYTES: '8192' });
  const large = await wire(port, head('GET', '/tasks', `X-Much: ${'x'.repeat(9000)}`));
  matches(t, await untilClosed(large), 431, 'FQXHMSE9304M');
  const long = await wire(port, head('GET', `/tasks/${'1,'.repeat(5000)}1`));
  matches(t, await untilClosed(long), 431, 'FQXHMSE9304M');
});

t.test('HTTP_HEADERS_SECONDS', async (t) => {
  const port = await listen(t, { HTTP_HEADERS_SECONDS: '1' });
  const begun = await Promise.all(['GET /tasks HTTP/1.1\r\nHost: a\r\n', ''].map((head) => wire(port, head)));
  for (const answer of await Promise.all(begun.map(untilClosed))) matches(t, answer, 408, 'FQXHMSE9305M');
});

t.test('HTTP_KEEPALIVE_SECONDS', async (t) => {
  const port = await listen(t, { HTTP_KEEPALIVE_SECONDS: '1' });
  const socket = await wire(port, head('GET', '/aicc'));
  const answer = await untilClosed(socket);
  t.equal(answer.status, 200);
  t.match(answer.headers, { connection: 'keep-alive', 'keep-alive': 'timeout=1' });
});

t.test('HTTP_IDLE_SECONDS', async (t) => {
  const port = await listen(t, { HTTP_IDLE_SECONDS: '1' });
  const fields = ['Content-Type: application/json', 'Content-Length: 20'];
  const socket = await wire(port, `${head('POST', servers, ...fields)}{`);
  t.equal((await untilClosed(socket)).status, 0, 'closed without an answer: nobody is there');
});

t.test('HTTP_CONNECTIONS_MOST', async (t) => {
  const port = await listen(t, { HTTP_CONNECTIONS_MOST: '2' });
  const first = await wire(port, head('GET', '/aicc'));
  t.equal((await firstAnswer(first)).status, 200);
  const second = await wire(port);
  const third = await wire(port, head('GET', '/aicc'));
  const refused = await untilClosed(third);
  matches(t, refused, 503, 'FQXHMSE9306M');
  t.match(refused.headers, { connection: 'close', 'retry-after': /^\d+$/ });
  first.write(head('GET', '/aicc'));
  t.equal((await firstAnswer(first)).status, 200, 'those that are in go on');
  second.destroy();
  await until(async () => {
    const next = await wire(port, head('GET', '/aicc'));
    const { status } = await firstAnswer(next);
    next.destroy();
    return status === 200;
  });
  const many = await Promise.all(Array.from({ length: 80 }, () => wire(port)));
  const closed = await Promise.any(many.map((socket) => once(socket, 'close').then(() => true)));
  t.ok(closed, 'far too many are closed at once');
  for (const socket of [first, ...many]) socket.destroy();
});

t.test('what Node would answer by itself has the envelope', async (t) => {
  const port = await listen(t, {});
  const noHost = `GET /aicc HTTP/1.1\r\nAuthorization: ${authorization}\r\nConnection: close\r\n\r\n`;
  matches(t, await untilClosed(await wire(port, noHost)), 400, 'FQXHMFC9001M');
  const connect = 'CONNECT elsewhere:443 HTTP/1.1\r\nHost: elsewhere:443\r\n\r\n';
  matches(t, await untilClosed(await wire(port, connect)), 404, 'FQXHMFC9003M');
  const expects = head('GET', '/aicc', 'Expect: miracles', 'Connection: close');
  t.equal((await untilClosed(await wire(port, expects))).status, 200);
  const upgrade = head('GET', '/aicc', 'Upgrade: websocket', 'Connection: upgrade, close');
  t.equal((await untilClosed(await wire(port, upgrade))).status, 200);
  matches(t, await untilClosed(await wire(port, '\x16\x03\x01 a TLS hello\r\n\r\n')), 400, 'FQXHMFC9001M');
});
