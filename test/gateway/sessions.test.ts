/** Signing in: sessions, their cookies and limits, the CSRF header, HTTP Basic (contract, section 2). */
import { createHash } from 'node:crypto';
import t from 'tap';
import { hashPassword } from '../../services/gateway/auth/passwords.ts';
import { basic, createTestGateway, type TestGateway, userName, userPassword } from '../support/gateway.ts';

const credentials = { UserId: userName, password: userPassword };

interface SignedIn {
  cookie: string;
  token: string;
  csrf: string;
  id: string;
}

async function signIn({ app, db }: TestGateway): Promise<SignedIn> {
  const answer = await app.inject({ method: 'POST', url: '/sessions', payload: credentials });
  const cookies = new Map(answer.cookies.map((cookie) => [cookie.name, cookie.value]));
  const token = cookies.get('JSESSIONID') ?? '';
  const { rows } = await db.query<{ id: string }>('select id from sessions where token_hash = $1', [
    createHash('sha256').update(token).digest(),
  ]);
  return { cookie: `JSESSIONID=${token}`, token, csrf: cookies.get('csrf') ?? '', id: rows[0]?.id ?? '' };
}

const status = async ({ app }: TestGateway, { cookie }: SignedIn, headers = {}) =>
  (await app.inject({ url: '/tasks', headers: { cookie, ...headers } })).statusCode;

t.test('the answer to a sign-in is the one clients read', async (t) => {
  const { app } = await createTestGateway(t);
  const answer = await app.inject({
    method: 'POST',
    url: '/sessions',
    // As pylxca sends it.
    headers: { 'content-type': 'application/json; charset=utf-8', referer: 'http://127.0.0.1/sessions' },
    payload: JSON.stringify(credentials),
  });
  t.equal(answer.statusCode, 200);
  const cookies = new Map(answer.cookies.map((cookie) => [cookie.name, cookie]));
  t.match(answer.json(), {
    response: {
      pwChangeRequired: false,
      session: {
        id: cookies.get('JSESSIONID')?.value,
        csrf: cookies.get('csrf')?.value,
        inactivityTimeout: 1440,
        UserId: userName,
        Address: '127.0.0.1',
        authenticationServer: String,
        created: /^\d{4}-\d\d-\d\dT/,
        lastAccessed: String,
        idleFor: '0',
        isOwnSession: true,
      },
    },
    result: 'success',
    messages: [{ id: 'FQXHMSE0001I', text: String, explanation: '', recovery: { text: String, URL: '' } }],
  });
  t.match(cookies.get('JSESSIONID'), { httpOnly: true, sameSite: 'Lax', path: '/' });
  t.notOk(cookies.get('JSESSIONID')?.secure, 'or pylxca would withhold it on plain HTTP');
  t.notOk(cookies.get('csrf')?.httpOnly, 'clients read it');
  t.equal(cookies.get('inactivityTimeout')?.value, '1440');
  t.equal(cookies.get('user')?.value, userName);
  t.equal(Buffer.from(cookies.get('JSESSIONID')?.value ?? '', 'base64url').length, 32, '256 bits');
});

t.test('a wrong sign-in is 403 there and 401 elsewhere, and never a challenge', async (t) => {
  const { app, db } = await createTestGateway(t);
  for (const payload of [
    { ...credentials, password: 'wrong' },
    { ...credentials, UserId: 'nobody' },
    { ...credentials, password: 'x'.repeat(5_000) },
  ]) {
    const answer = await app.inject({ method: 'POST', url: '/sessions', payload });
    t.equal(answer.statusCode, 403);
    t.match(answer.json(), { result: 'failed', messages: [{ id: 'FQXHMSE9002M' }] });
    t.same(answer.cookies, []);
  }
  for (const payload of [
    {},
    { UserId: 'a\0b', password: 'c' },
    { UserId: userName },
    { UserId: 1, password: true },
    [],
    'x',
    null,
  ]) {
    const answer = await app.inject({
      method: 'POST',
      url: '/sessions',
      headers: { 'content-type': 'application/json' },
      payload: JSON.stringify(payload),
    });
    t.equal(answer.statusCode, 400, JSON.stringify(payload));
    t.match(answer.json(), { result: 'failed', messages: [{ id: 'FQXHMFC9001M' }] });
  }
  for (const headers of [
    {},
    basic(userName, 'wrong'),
    basic('nobody'),
    { authorization: 'Basic' },
    { authorization: 'Basic !!!' },
    { authorization: 'Bearer abc' },
    { cookie: 'JSESSIONID=unknown' },
    { cookie: `JSESSIONID=${'x'.repeat(3_000)}` },
  ]) {
    const answer = await app.inject({ url: '/tasks', headers });
    t.equal(answer.statusCode, 401, JSON.stringify(headers).slice(0, 60));
    t.equal(answer.headers['www-authenticate'], undefined);
    t.match(answer.json(), { result: 'failed', messages: [{ id: /^FQXHMSE9/ }] });
  }
  await db.query('update users set disabled = true');
  t.equal((await app.inject({ url: '/tasks', headers: basic() })).statusCode, 401, 'disabled');
  t.equal((await app.inject({ method: 'POST', url: '/sessions', payload: credentials })).statusCode, 403);
});

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

t.test('DELETE /sessions ends the session with a body', async (t) => {
  const gateway = await createTestGateway(t);
  const session = await signIn(gateway);
  const other = await signIn(gateway);
  const answer = await gateway.app.inject({
    method: 'DELETE',
    url: '/sessions',
    headers: {
      cookie: session.cookie,
      'x-csrf-token': session.csrf,
      'content-type': 'application/json; charset=utf-8',
      'content-length': '0',
    },
  });
  t.equal(answer.statusCode, 200);
  t.match(answer.json(), { result: 'success', messages: [{ id: 'FQXHMSE0001I' }] });
  t.equal(await status(gateway, session), 401);
  t.equal(await status(gateway, other), 200);
});

t.test('only the hash of a session is stored', async (t) => {
  const gateway = await createTestGateway(t);
  const session = await signIn(gateway);
  const { rows } = await gateway.db.query<{ row: string }>(
    'select row_to_json(sessions)::text as row from sessions',
  );
  t.equal(rows.length, 1);
  t.notMatch(rows[0]?.row, session.token);
});

t.test('a fourth session ends the one idle longest', async (t) => {
  const gateway = await createTestGateway(t);
  const sessions = [await signIn(gateway), await signIn(gateway), await signIn(gateway)];
  await gateway.db.query(`update sessions set last_used_at = now() - interval '1 hour' where id = $1`, [
    sessions[1]?.id,
  ]);
  const fourth = await signIn(gateway);
  const statuses = await Promise.all([...sessions, fourth].map((session) => status(gateway, session)));
  t.same(statuses, [200, 401, 200, 200]);
});

t.test('ten sign-ins at once leave three sessions', async (t) => {
  const gateway = await createTestGateway(t);
  const all = await Promise.all(Array.from({ length: 10 }, () => signIn(gateway)));
  const statuses = await Promise.all(all.map((session) => status(gateway, session)));
  t.equal(statuses.filter((code) => code === 200).length, 3);
});

t.test('sessions end: unused, too old, after a password change, with their account', async (t) => {
  const gateway = await createTestGateway(t);
  const { db } = gateway;
  await db.query(`update users set password_changed_at = now() - interval '1 year'`);
  const ends = [
    `update sessions set last_used_at = now() - interval '1441 minutes'`,
    `update sessions set created_at = now() - interval '8 days'`,
    'update users set password_changed_at = now()',
    'update users set disabled = true',
  ];
  for (const end of ends) {
    const session = await signIn(gateway);
    await db.query(`update sessions set last_used_at = now() - interval '1439 minutes' where id = $1`, [
      session.id,
    ]);
    t.equal(await status(gateway, session, { 'x-not-user-input': 'checkSession' }), 200, 'before');
    await db.query(end);
    t.equal(await status(gateway, session), 401, end);
  }
});

t.test('use keeps a session alive, polling does not', async (t) => {
  const gateway = await createTestGateway(t);
  const session = await signIn(gateway);
  const { db } = gateway;
  const isFresh = async () => {
    const { rowCount } = await db.query(
      `select from sessions where last_used_at > now() - interval '1 minute'`,
    );
    return rowCount === 1;
  };
  await db.query(`update sessions set last_used_at = now() - interval '2 minutes'`);
  t.equal(await status(gateway, session, { 'X-NOT-USER-INPUT': 'checkSession' }), 200);
  t.notOk(await isFresh());
  t.equal(await status(gateway, session), 200);
  t.ok(await isFresh());
});

t.test('a password that was right is forgotten when it changes', async (t) => {
  const { app, db } = await createTestGateway(t);
  const read = async (headers: Record<string, string>) =>
    (await app.inject({ url: '/aicc', headers })).statusCode;
  t.equal(await read(basic()), 200);
  t.equal(await read(basic()), 200);
  await db.query('update users set password_hash = $1', [await hashPassword('another one')]);
  t.equal(await read(basic()), 401);
  t.equal(await read(basic(userName, 'another one')), 200);
  await db.query('update users set disabled = true');
  t.equal(await read(basic(userName, 'another one')), 401);
});

t.test('a password may hold colons and any letter', async (t) => {
  const { app, db } = await createTestGateway(t);
  const password = 'a:b:ä字🔑 ';
  await db.query('update users set password_hash = $1', [await hashPassword(password)]);
  t.equal((await app.inject({ url: '/aicc', headers: basic(userName, password) })).statusCode, 200);
});
