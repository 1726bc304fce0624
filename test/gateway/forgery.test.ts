/** What another site makes a browser do: the CSRF header, the origin (contract, section 2). */
import t from 'tap';
import { basic, createTestGateway } from '../support/gateway.ts';
import { credentials, signIn } from '../support/signed-in.ts';

t.test('changes with a session need the CSRF header; reading and Basic do not', async (t) => {
  const gateway = await createTestGateway(t);
  const { app } = gateway;
  const session = await signIn(gateway);
  const cookie = session.cookie;
  const change = (headers: Record<string, string>) =>
    app.inject({ method: 'DELETE', url: '/osImages/remoteFileServers/1', headers });
  t.equal((await app.inject({ url: '/tasks', headers: { cookie } })).statusCode, 200);
  for (const headers of [
    { cookie },
    { cookie, 'x-csrf-token': 'wrong' },
    { cookie: `${cookie}; csrf=${session.csrf}` },
  ]) {
    const answer = await change(headers);
    t.equal(answer.statusCode, 403);
    t.match(answer.json(), { messages: [{ id: 'FQXHMSE9003M' }] });
  }
  t.equal(
    (await change({ cookie, 'X-CSRF-TOKEN': session.csrf })).statusCode,
    404,
    'as far as the server list',
  );
  t.equal((await change(basic())).statusCode, 404);
  const other = await signIn(gateway);
  t.equal((await change({ cookie, 'x-csrf-token': other.csrf })).statusCode, 403, "another session's token");
});

t.test('a page of another origin is refused where the browser says so, or names itself', async (t) => {
  const { app } = await createTestGateway(t);
  const change = async (headers: Record<string, string>) =>
    (
      await app.inject({
        method: 'DELETE',
        url: '/osImages/remoteFileServers/1',
        headers: { ...basic(), host: 'export.example:8443', ...headers },
      })
    ).statusCode;
  for (const headers of [
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'anything' },
    { origin: 'https://evil.example' },
    { origin: 'https://export.example' },
    { origin: 'null' },
  ])
    t.equal(await change(headers), 403, JSON.stringify(headers));
  for (const headers of [
    {},
    { 'sec-fetch-site': 'same-origin' },
    { 'sec-fetch-site': 'none' },
    { 'sec-fetch-site': 'same-origin', origin: 'https://public.example' },
    { origin: 'https://export.example:8443' },
    { origin: 'https://EXPORT.example:8443' },
  ])
    t.equal(await change(headers), 404, JSON.stringify(headers));
});

t.test('the export needs the CSRF header of a session', async (t) => {
  const gateway = await createTestGateway(t);
  const { cookie, csrf } = await signIn(gateway);
  const get = (url: string, headers: Record<string, string>) =>
    gateway.app.inject({ url, headers: { cookie, ...headers } });
  const refused = await get('/osImages/a%7Cb', {});
  t.equal(refused.statusCode, 403);
  t.match(refused.json(), { filename: '', jobID: '', result: 'failed', messages: [/X-Csrf-Token/, String] });
  t.not((await get('/osImages/a%7Cb', { 'x-csrf-token': csrf })).statusCode, 403);
  t.equal((await get('/osImages/a.tar.gz', {})).statusCode, 404, 'a download is only reading');
});

t.test('what another site causes is refused, also with Basic', async (t) => {
  const { app } = await createTestGateway(t);
  const headers = { ...basic(), 'sec-fetch-site': 'cross-site' };
  const change = await app.inject({ method: 'DELETE', url: '/osImages/remoteFileServers/1', headers });
  t.equal(change.statusCode, 403);
  t.match(change.json(), { messages: [{ id: 'FQXHMSE9004M' }] });
  const signIn = await app.inject({ method: 'POST', url: '/sessions', headers, payload: credentials });
  t.equal(signIn.statusCode, 403);
  t.equal((await app.inject({ url: '/tasks', headers })).statusCode, 200, 'reading is left alone');
  const exported = await app.inject({ url: '/osImages/a%7Cb', headers });
  t.equal(exported.statusCode, 403, 'the export is a GET that starts work');
  t.match(exported.json(), { filename: '', jobID: '', result: 'failed', messages: [String] });
});
