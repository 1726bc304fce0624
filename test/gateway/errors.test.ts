/** Every failure comes in the envelope (contract, section 3), whatever was wrong and whoever noticed. */
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { openDatabase } from '@osimage/database';
import { Problem } from '@osimage/errors';
import t from 'tap';
import { buildApp } from '../../services/gateway/app.ts';
import { createTestGateway } from '../support/gateway.ts';

const envelope = {
  result: 'failed',
  messages: [
    {
      id: /^FQXHM(FC|SE|JM)9\d{3}M$/,
      text: String,
      explanation: '',
      recovery: { text: String, URL: '' },
      recoveryUrl: '',
    },
  ],
};

t.test('what Fastify refuses has the envelope too', async (t) => {
  const { app, headers } = await createTestGateway(t);
  const json = { ...headers, 'content-type': 'application/json' };
  const path = '/osImages/remoteFileServers';
  const cases = [
    { code: 404, id: 'FQXHMFC9003M', method: 'GET', url: '/nowhere' },
    { code: 404, id: 'FQXHMFC9003M', method: 'POST', url: '/osImages/a/b/c' },
    { code: 405, id: 'FQXHMFC9004M', method: 'PATCH', url: '/tasks/1' },
    { code: 400, id: 'FQXHMFC9001M', method: 'POST', url: path, headers: json, payload: '{"a":' },
    { code: 400, id: 'FQXHMFC9001M', method: 'POST', url: path, headers: json, payload: '' },
    {
      code: 400,
      id: 'FQXHMFC9001M',
      method: 'POST',
      url: path,
      headers: json,
      payload: '{"__proto__":{"a":1}}',
    },
    {
      code: 413,
      id: 'FQXHMFC9005M',
      method: 'POST',
      url: path,
      headers: json,
      payload: `"${'x'.repeat(2 ** 20)}"`,
    },
    {
      code: 415,
      id: 'FQXHMFC9006M',
      method: 'POST',
      url: path,
      headers: { ...headers, 'content-type': 'text/xml' },
      payload: '<a/>',
    },
    {
      code: 415,
      id: 'FQXHMFC9006M',
      method: 'POST',
      url: path,
      headers: { ...headers, 'content-type': ' application/json;' },
      payload: '\t{}',
      or: 400,
    },
    { code: 400, id: 'FQXHMFC9001M', method: 'GET', url: '/tasks/%E0%A4%A' },
    { code: 400, id: 'FQXHMFC9001M', method: 'GET', url: '/tasks?limit=many' },
    { code: 400, id: 'FQXHMFC9001M', method: 'GET', url: '/tasks?createdBy=a%00b' },
    { code: 400, id: 'FQXHMFC9001M', method: 'GET', url: '/osImages/remoteFileServers/%00' },
    {
      code: 400,
      id: 'FQXHMFC9001M',
      method: 'POST',
      url: path,
      headers: json,
      payload: '{"username":"\\u0000"}',
    },
    { code: 400, id: 'FQXHMFC9001M', method: 'POST', url: path, headers: json, payload: '{"\\u0000":1}' },
    { code: 404, id: 'FQXHMFC9002M', method: 'GET', url: `/tasks/${'9'.repeat(300)}` },
  ] as const;
  for (const { code, id, ...request } of cases) {
    const answer = await app.inject({ headers, ...request });
    const name = `${request.method} ${request.url.slice(0, 60)}`;
    if (!('or' in request)) t.equal(answer.statusCode, code, name);
    else t.ok(answer.statusCode === code || answer.statusCode === request.or, name);
    t.match(answer.json(), envelope, name);
    if (!('or' in request)) t.equal(answer.json().messages[0].id, id, name);
    t.match(answer.headers['content-type'], 'application/json');
    t.equal(answer.headers['cache-control'], 'no-store');
  }
});

t.test('a wrong method is answered with the right ones', async (t) => {
  const { app, headers } = await createTestGateway(t);
  const allowed = async (url: string) => (await app.inject({ method: 'PATCH', url, headers })).headers.allow;
  t.equal(await allowed('/sessions'), 'DELETE, GET, POST');
  t.equal(await allowed('/tasks'), 'GET, PUT');
  t.equal(await allowed('/tasks/1,2/'), 'DELETE, GET, PUT');
  t.equal(await allowed('/osImages/remoteFileServers'), 'GET, POST', 'not those of an image of that name');
});

t.test('an empty body and {} are fine where none is needed', async (t) => {
  const { app, headers } = await createTestGateway(t);
  const json = { ...headers, 'content-type': 'application/json; charset=utf-8' };
  t.equal((await app.inject({ url: '/tasks', headers: json })).statusCode, 200);
  for (const payload of ['', '{}', ' \n']) {
    const answer = await app.inject({
      method: 'DELETE',
      url: '/osImages/remoteFileServers/1',
      headers: json,
      payload,
    });
    t.equal(answer.statusCode, 404, 'as far as looking for the server');
  }
});

t.test('failures of GET /osImages/{x} are strings', async (t) => {
  const { app, headers } = await createTestGateway(t);
  for (const [code, request] of [
    [401, { headers: {} }],
    [503, { headers }],
  ] as const) {
    const answer = await app.inject({
      url: '/osImages/win2016%7Cwin2016-x86_64-install-Datacenter',
      ...request,
    });
    t.equal(answer.statusCode, code);
    t.strictSame(
      { ...answer.json(), messages: answer.json().messages.map((message: unknown) => typeof message) },
      { filename: '', jobID: '', result: 'failed', messages: ['string', 'string'] },
    );
  }
});

t.test('with the database or the packagers away the answer says when to try again', async (t) => {
  const { app, headers, services } = await createTestGateway(t);
  const packagerAway = await app.inject({
    method: 'PUT',
    url: '/tasks',
    headers,
    payload: { action: 'cancel', list: ['1'] },
  });
  const db = openDatabase('postgres://127.0.0.1:1/none');
  t.teardown(() => db.close());
  const cut = await buildApp({ ...services, db });
  t.teardown(() => cut.close());
  const databaseAway = await cut.inject({ url: '/tasks', headers });
  for (const answer of [packagerAway, databaseAway]) {
    t.equal(answer.statusCode, 503);
    t.match(answer.headers['retry-after'], /^\d+$/);
    t.match(answer.json(), { ...envelope, messages: [{ id: 'FQXHMFC9009M' }] });
  }
});

t.test('an unforeseen error tells the caller a reference and nothing else', async (t) => {
  const { services, headers } = await createTestGateway(t);
  const logged: { err: Error }[] = [];
  const log = Object.create(services.log, {
    child: { value: () => log },
    error: { value: (line: { err: Error }) => logged.push(line) },
  });
  const app = await buildApp({ ...services, log });
  t.teardown(() => app.close());
  app.get('/boom', () => {
    throw new TypeError('the inside of things');
  });
  app.get('/packager', () => {
    throw new Problem('internal', { reference: '' }, { cause: new Error('the inside of a packager') });
  });
  for (const url of ['/boom', '/packager']) {
    const answer = await app.inject({ url, headers });
    t.equal(answer.statusCode, 500);
    t.notMatch(answer.body, 'inside of');
    t.match(answer.json(), envelope);
    t.match(answer.json().messages[0].text, String(answer.headers['x-request-id']));
  }
  t.same(
    logged.map((line) => line.err.message),
    ['the inside of things', 'the inside of a packager'],
  );
});

t.test('what is not HTTP, or too much of it, is answered as well', async (t) => {
  const { app } = await createTestGateway(t);
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  for (const [code, request] of [
    [400, 'no http at all\r\n\r\n'],
    [431, `GET /tasks HTTP/1.1\r\nHost: a\r\nX-Much: ${'x'.repeat(60_000)}\r\n\r\n`],
  ] as const) {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write(request);
    const [head, body] = (await text(socket)).split('\r\n\r\n');
    t.match(head, `HTTP/1.1 ${code} `);
    t.match(JSON.parse(body ?? ''), envelope);
  }
});

t.test('what is not there leads to the list of what is', async (t) => {
  const { app, headers } = await createTestGateway(t);
  const cases = {
    '/tasks/999': 'GET /tasks',
    '/osImages/remoteFileServers/999': 'GET /osImages/remoteFileServers',
    '/osImages/no.tar.gz': 'GET /osImages',
    '/osImages/no%7Cno': 'GET /osImages',
  };
  for (const [url, list] of Object.entries(cases)) {
    // GET of an image answers with messages that are strings.
    const method = url.includes('no') ? 'DELETE' : 'GET';
    const answer = await app.inject({ method, url, headers });
    t.equal(answer.statusCode, 404, url);
    t.equal(answer.json().messages[0].recovery.text, `Use one of the ids that ${list} shows.`);
  }
  const page = await app.inject({ url: '/docs/no.js' });
  t.equal(page.json().messages[0].text, 'There is nothing at GET /docs/no.js.');
});

t.test('a list of ids too long for an address is not repeated to the caller', async (t) => {
  const { app, headers } = await createTestGateway(t);
  const ids = Array.from({ length: 5_000 }, (_, index) => `id-${index}`).join(',');
  const answer = await app.inject({ method: 'DELETE', url: `/osImages/${ids}`, headers });
  t.equal(answer.statusCode, 400);
  t.match(answer.json(), { messages: [{ text: /^The list of ids in the address is too long; .{1,60}$/ }] });
});
