/** Signing in: sessions, their cookies and limits, HTTP Basic (contract, section 2). */
import { hashPassword } from '@osimage/accounts';
import { changeAccount, findUser } from '@osimage/database';
import t from 'tap';
import { startSession } from '../../services/gateway/auth/sessions.ts';
import { basic, createTestGateway, type TestGateway, userName } from '../support/gateway.ts';
import { credentials, type SignedIn, signIn } from '../support/signed-in.ts';

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

t.test('signing in again ends the session whose cookie comes along, and no other', async (t) => {
  const gateway = await createTestGateway(t);
  const sessions = [await signIn(gateway), await signIn(gateway), await signIn(gateway)] as const;
  const again = (payload: object) =>
    gateway.app.inject({
      method: 'POST',
      url: '/sessions',
      headers: { cookie: sessions[2].cookie },
      payload,
    });
  t.equal((await again({ ...credentials, password: 'wrong' })).statusCode, 403);
  t.equal(await status(gateway, sessions[2]), 200, 'not by a wrong password');
  t.equal((await again(credentials)).statusCode, 200);
  const statuses = await Promise.all(sessions.map((session) => status(gateway, session)));
  t.same(statuses, [200, 200, 401]);
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

t.test('GET /sessions shows what may be shown, to whom it may be shown', async (t) => {
  const gateway = await createTestGateway(t);
  const { app, db, addUser } = gateway;
  await addUser('operator', 'lxc-operator');
  await addUser('admin', 'lxc-admin');
  const mine = await signIn(gateway);
  const other = await signIn(gateway, 'operator');
  await db.query(`update sessions set last_used_at = now() - interval '90 seconds' where id = $1`, [
    other.id,
  ]);
  interface Listed {
    id: string;
    UserId: string;
    isOwnSession: boolean;
  }
  const list = async (headers: Record<string, string>) => {
    const answer = await app.inject({ url: '/sessions', headers });
    t.equal(answer.statusCode, 200);
    for (const secret of [mine.token, mine.csrf, other.token, other.csrf])
      t.notOk(answer.body.includes(secret), 'nothing that signs anybody in');
    return answer.json<{ response: Listed[]; result: string }>();
  };
  const all = await list({ cookie: mine.cookie });
  t.match(all, { result: 'success', messages: [{ id: 'FQXHMSE0001I' }] });
  t.same(
    all.response.map(({ id, UserId, isOwnSession }) => ({ id, UserId, isOwnSession })),
    [
      { id: other.id, UserId: 'operator', isOwnSession: false },
      { id: mine.id, UserId: userName, isOwnSession: true },
    ],
  );
  t.match(all.response[0], {
    Address: '127.0.0.1',
    authenticationServer: String,
    created: /^\d{4}-\d\d-\d\dT/,
    lastAccessed: /^\d{4}-\d\d-\d\dT/,
    idleFor: '1',
    inactivityTimeout: 1440,
  });
  t.equal((await list(basic('admin'))).response.length, 2, 'the administrator, who has none');
  t.same(
    (await list({ cookie: other.cookie })).response.map(({ UserId, isOwnSession }) => [UserId, isOwnSession]),
    [['operator', true]],
    'others see their own',
  );
  t.equal(
    (await app.inject({ url: '/tasks', headers: { cookie: `JSESSIONID=${mine.id}` } })).statusCode,
    401,
  );
  await db.query(`update sessions set last_used_at = now() - interval '1441 minutes' where id = $1`, [
    other.id,
  ]);
  t.equal((await list({ cookie: mine.cookie })).response.length, 1, 'one that is over is not shown');
});

t.test('DELETE /sessions/{uuid} ends one, by the id of a listing or of the sign-in', async (t) => {
  const gateway = await createTestGateway(t);
  const { app, addUser } = gateway;
  await addUser('operator', 'lxc-operator');
  await addUser('os-admin', 'lxc-os-admin');
  await addUser('admin', 'lxc-admin');
  const end = (id: string, headers: Record<string, string>) =>
    app.inject({ method: 'DELETE', url: `/sessions/${encodeURIComponent(id)}`, headers });
  const sessions = [await signIn(gateway, 'operator'), await signIn(gateway, 'operator')] as const;
  const [one, two] = sessions;

  for (const id of ['FQXHMSE0001I', 'x', '../users', 'a,b', 'x'.repeat(5_000), crypto.randomUUID()]) {
    const answer = await end(id, basic('admin'));
    t.equal(answer.statusCode, 404, id.slice(0, 40));
    t.match(answer.json(), { result: 'failed', messages: [{ id: 'FQXHMSE9101M' }] });
  }
  const refused = await end(one.id, basic('os-admin'));
  t.equal(refused.statusCode, 403);
  t.match(refused.body, 'lxc-manage-sessions');
  t.equal((await end(one.id, { cookie: two.cookie })).statusCode, 403, 'without the CSRF header');
  t.equal(await status(gateway, one), 200);

  const mine = await end(one.id, { cookie: two.cookie, 'x-csrf-token': two.csrf });
  t.equal(mine.statusCode, 200);
  t.match(mine.json(), { result: 'success', messages: [{ id: 'FQXHMSE0001I' }] });
  t.same(mine.cookies, [], 'the own session goes on');
  t.same([await status(gateway, one), await status(gateway, two)], [401, 200]);
  t.equal((await end(one.id, basic('admin'))).statusCode, 404, 'once');

  const own = await end(two.token, { cookie: two.cookie, 'x-csrf-token': two.csrf });
  t.equal(own.statusCode, 200);
  t.ok(own.cookies.some(({ name, value }) => name === 'JSESSIONID' && value === ''));
  t.equal(await status(gateway, two), 401);
  const three = await signIn(gateway, 'operator');
  t.equal((await end(three.id, basic('admin'))).statusCode, 200);
  t.equal(await status(gateway, three), 401);
});

t.test('the limits are settings', async (t) => {
  const gateway = await createTestGateway(t, {
    env: { SESSION_INACTIVITY_MINUTES: '5', SESSION_ABSOLUTE_MINUTES: '60', SESSIONS_PER_USER: '1' },
  });
  const { app, db } = gateway;
  const answer = await app.inject({ method: 'POST', url: '/sessions', payload: credentials });
  t.match(answer.json(), { response: { session: { inactivityTimeout: 5 } } });
  t.equal(answer.cookies.find(({ name }) => name === 'inactivityTimeout')?.value, '5');
  const one = await signIn(gateway);
  const two = await signIn(gateway);
  t.same([await status(gateway, one), await status(gateway, two)], [401, 200]);
  await db.query(`update users set password_changed_at = now() - interval '1 day'`);
  await db.query(`update sessions set created_at = now() - interval '61 minutes'`);
  t.equal(await status(gateway, two), 401);
  const three = await signIn(gateway);
  await db.query(`update sessions set last_used_at = now() - interval '6 minutes'`);
  t.equal(await status(gateway, three), 401);
});

t.test(
  'a password that changes while a sign-in with the old one is under way starts no session',
  async (t) => {
    const { db } = await createTestGateway(t);
    const limits = { inactivityMinutes: 1, absoluteMinutes: 1, perUser: 1 };
    const user = await findUser(db, userName);
    t.ok(await startSession(db, user!, '127.0.0.1', limits));
    await db.transaction((tx) => changeAccount(tx, userName, { passwordHash: 'changed' }));
    t.equal(await startSession(db, user!, '127.0.0.1', limits), undefined);
    const { rowCount } = await db.query('select from sessions');
    t.equal(rowCount, 0, 'and the ones there were are ended');
  },
);
