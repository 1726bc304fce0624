/** The audit trail of REST requests: what leaves an entry, what is in it, and what never is. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AuditRow, createAuditTrail, listAudit } from '@osimage/database';
import t, { type Test } from 'tap';
import { createFloodLimit } from '../../services/gateway/audit/flood-limit.ts';
import { basic, createTestGateway, type TestGateway, userName, userPassword } from '../support/gateway.ts';
import { addArchive, addFile, addImage } from '../support/image-rows.ts';
import { createRowPackager } from '../support/row-packager.ts';

const profile = 'rhels9.4|rhels9.4-x86_64-install-Minimal';
const encoded = encodeURIComponent(profile);
const origin = { 'sec-fetch-site': 'cross-site' };

interface Order {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  url: string;
  headers?: Record<string, string>;
  payload?: object;
}

async function gatewayWithRows(t: Test): Promise<TestGateway> {
  const gateway: TestGateway = await createTestGateway(t, {
    packager: async (url) => createRowPackager(url, () => gateway.services.storeRoot),
  });
  await addImage(gateway.db, 'rhels9.4');
  return gateway;
}

/** The entries of one answer. */
async function entriesOf({ db }: TestGateway, answer: { headers: object }): Promise<AuditRow[]> {
  const id = (answer.headers as Record<string, string>)['x-request-id'];
  return (await listAudit(db, { limit: 1_000 })).filter((row) => row.request_id === id);
}

t.test('each changing route and the export leave one entry with a word of their own', async (t) => {
  const gateway = await gatewayWithRows(t);
  const { app, headers } = gateway;
  const routes = app.routeTable
    .list()
    .filter(
      ({ method, path }) =>
        !['GET', 'HEAD'].includes(method) || (method === 'GET' && path === '/osImages/:id'),
    );
  t.ok(routes.length >= 12);
  const page = readFileSync(join(import.meta.dirname, '../../docs/audit.md'), 'utf8');
  for (const { method, path } of routes) {
    const url = path.replace(/:\w+/g, '4711');
    const answer = await app.inject({ method: method as 'POST', url, headers, payload: {} });
    const entries = await entriesOf(gateway, answer);
    const name = `${method} ${path}`;
    t.equal(entries.length, 1, name);
    t.match(
      entries[0],
      { source: 'rest', user_name: userName, address: '127.0.0.1', status: answer.statusCode },
      name,
    );
    t.match(entries[0]?.action, /^[a-z]+[.-][a-z-]+$/, `${name}: its config says what it does`);
    t.ok(page.includes(`\`${entries[0]?.action}\``), `${name}: docs/audit.md knows the word`);
    if (path.includes(':')) t.ok(entries[0]?.objects.includes('4711'), `${name}: the object`);
  }
});

t.test('the entries say what was made, changed and deleted, and by whom', async (t) => {
  const gateway = await gatewayWithRows(t);
  const { app, headers, db } = gateway;
  const entryOf = async (order: Order) => {
    const answer = await app.inject({ headers, ...order });
    const [entry] = await entriesOf(gateway, answer);
    return { body: answer.json(), entry };
  };

  const exported = await entryOf({ url: `/osImages/${encoded}?path=/ignored` });
  const jobId = exported.body.jobID;
  t.match(exported.entry, {
    action: 'profile.export',
    objects: [profile, jobId, exported.body.filename],
    outcome: 'success',
    code: null,
    status: 200,
    job_id: jobId,
  });

  const server = { displayName: 'vault', address: '192.0.2.9', port: 22, protocol: 'SFTP', username: 'u' };
  const made = await entryOf({
    method: 'POST',
    url: '/osImages/remoteFileServers',
    payload: { ...server, password: userPassword },
  });
  t.match(made.entry, { action: 'server.create', objects: [made.body.serverId], outcome: 'success' });
  const twice = await entryOf({ method: 'POST', url: '/osImages/remoteFileServers', payload: server });
  t.match(twice.entry, { action: 'server.create', outcome: 'failed', code: 'invalid_request', status: 400 });

  await addFile(db, 'a.sh', 'script');
  await addFile(db, 'b.sh', 'script');
  const deleted = await entryOf({ method: 'DELETE', url: '/osImages/a.sh,b.sh' });
  t.match(deleted.entry, { action: 'object.delete', objects: ['a.sh', 'b.sh'], outcome: 'success' });
  const unknown = await entryOf({ method: 'DELETE', url: '/osImages/none' });
  t.match(unknown.entry, { outcome: 'failed', code: 'not_found', status: 404, detail: /There is no/ });

  const everything = JSON.stringify(await listAudit(db, { limit: 1_000 }));
  t.notMatch(everything, userPassword, 'no password');
});

t.test('downloads leave one before their first byte, reading does not', async (t) => {
  const gateway = await gatewayWithRows(t);
  const { app, headers, db, services } = gateway;
  const name = '20260131054310_web.tar.gz';
  await addArchive(db, services.storeRoot, name, Buffer.from('the content'));
  const whole = await app.inject({ url: `/osImages/${name}`, headers });
  t.match(await entriesOf(gateway, whole), [
    { action: 'archive.download', objects: [name], outcome: 'success', status: 200, user_name: userName },
  ]);
  const part = await app.inject({ url: `/osImages/${name}`, headers: { ...headers, range: 'bytes=0-1' } });
  t.match(await entriesOf(gateway, part), [{ action: 'archive.download', status: 206 }]);
  const gone = await app.inject({ url: '/osImages/never.tar.gz', headers });
  t.match(await entriesOf(gateway, gone), [{ action: 'archive.download', outcome: 'failed', status: 404 }]);

  const before = (await listAudit(db, { limit: 1_000 })).length;
  for (const url of ['/osImages', '/tasks', '/aicc', '/metrics', '/audit', '/osImages/remoteFileServers'])
    t.equal((await app.inject({ url, headers })).statusCode, 200, url);
  await app.inject({ method: 'HEAD', url: `/osImages/${name}`, headers });
  await app.inject({ method: 'POST', url: '/nowhere', headers });
  await app.inject({ url: '/tasks' });
  t.equal((await listAudit(db, { limit: 1_000 })).length, before);
});

t.test('signing in, failing to, and being refused', async (t) => {
  const gateway = await gatewayWithRows(t);
  const { app, headers, addUser, db } = gateway;
  const only = async (order: Order) => {
    const answer = await app.inject(order);
    const entries = await entriesOf(gateway, answer);
    t.equal(entries.length, 1, JSON.stringify(order));
    return { answer, entry: entries[0]! };
  };
  const signIn = (UserId: unknown, password: string) =>
    only({ method: 'POST', url: '/sessions', payload: { UserId, password } as object });

  const { answer, entry } = await signIn(userName, userPassword);
  t.match(entry, { action: 'sign-in', outcome: 'success', user_name: userName, objects: [] });
  const wrong = await signIn('somebody', 'the-secret-somebody-tried');
  t.match(wrong.entry, {
    action: 'sign-in',
    outcome: 'refused',
    code: 'wrong_credentials',
    status: 403,
    user_name: 'somebody',
    detail: 'POST /sessions',
  });
  const long = await signIn('n'.repeat(5_000), 'x');
  t.equal(long.entry.user_name.length, 256, 'a name as tried, shortened');
  t.match((await signIn(7, 'x')).entry, { outcome: 'failed', status: 400, user_name: '' });

  const badBasic = { headers: basic('anna', 'the-secret-anna-tried') };
  for (const order of [{ url: '/tasks' }, { method: 'DELETE', url: '/osImages/x' } as const])
    t.match((await only({ ...order, ...badBasic })).entry, {
      action: 'sign-in',
      outcome: 'refused',
      code: 'sign_in_failed',
      user_name: 'anna',
    });

  const operator = await addUser('reader', 'lxc-operator');
  t.match((await only({ url: `/osImages/${encoded}`, headers: operator })).entry, {
    action: 'profile.export',
    outcome: 'refused',
    code: 'privilege_missing',
    user_name: 'reader',
    objects: [profile],
  });
  t.match((await only({ url: '/audit', headers: operator })).entry, {
    action: 'GET /audit',
    outcome: 'refused',
    code: 'privilege_missing',
  });
  t.match((await only({ url: `/osImages/${encoded}`, headers: { ...headers, ...origin } })).entry, {
    code: 'cross_site',
    outcome: 'refused',
  });
  t.match((await only({ method: 'POST', url: '/sessions', headers: origin, payload: {} })).entry, {
    code: 'cross_site',
  });
  t.match((await only({ method: 'PUT', url: '/tasks', payload: {} })).entry, {
    code: 'sign_in_required',
    user_name: '',
  });

  const cookie = answer.cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
  t.match((await only({ method: 'DELETE', url: '/osImages/x', headers: { cookie } })).entry, {
    action: 'object.delete',
    outcome: 'refused',
    code: 'csrf_missing',
    user_name: userName,
  });
  const csrf = answer.cookies.find(({ name }) => name === 'csrf')!.value;
  const out = { method: 'DELETE', url: '/sessions', headers: { cookie, 'x-csrf-token': csrf } } as const;
  t.match((await only(out)).entry, { action: 'sign-out', outcome: 'success', user_name: userName });

  const throttled = async () => {
    for (;;) {
      const { entry } = await signIn('mallory', 'x');
      if (entry.code !== 'wrong_credentials') return entry;
    }
  };
  t.match(await throttled(), {
    action: 'sign-in',
    outcome: 'refused',
    code: 'too_many_requests',
    status: 429,
  });

  const token = answer.cookies.find(({ name }) => name === 'JSESSIONID')!.value;
  const everything = JSON.stringify(await listAudit(db, { limit: 1_000 }));
  for (const secret of [userPassword, 'the-secret-somebody-tried', 'the-secret-anna-tried', token, csrf])
    t.notOk(everything.includes(secret), 'no secret');
});

t.test('strangers cannot fill the table', async (t) => {
  let time = 0;
  const limit = createFloodLimit(() => time);
  const admitted = (address: string, tries: number) =>
    Array.from({ length: tries }, () => limit.admit(address)).filter(({ kept }) => kept).length;
  t.equal(admitted('192.0.2.1', 100), 60);
  t.equal(admitted('192.0.2.2', 1), 1, 'another address is not concerned');
  time += 60_000;
  t.same(limit.admit('192.0.2.1'), { kept: true, leftOut: 40 }, 'and what was left out is told');
  t.same(limit.admit('192.0.2.1'), { kept: true, leftOut: 0 });
  t.equal(admitted('2001:db8::1', 60) + admitted('2001:0db8:0:0:ffff::2', 60), 60, 'a /64 is one');
  t.equal(admitted('2001:db8:0:1::1', 60), 60);
  t.equal(admitted('::ffff:192.0.2.9', 61), 60);
});

t.test('a database that does not take entries holds nobody up, and the log has them', async (t) => {
  const gateway = await gatewayWithRows(t);
  const { app, headers, db } = gateway;
  const entry = { source: 'rest', user: 'u', address: '', action: 'a.b', outcome: 'success' } as const;
  const lines: { audit: object; message: string }[] = [];
  const take = (fields: object, message: string) => lines.push({ ...(fields as { audit: object }), message });
  let lost = 0;
  const trail = createAuditTrail(db, { info: take, error: take }, (count) => (lost += count));
  await db.transaction(async (tx) => {
    await tx.query('lock table audit in access exclusive mode');
    const exporting = app.inject({ url: `/osImages/${encoded}`, headers });
    await Promise.all([trail.record(entry), trail.record({ ...entry, user: 'v' })]);
    t.equal((await exporting).statusCode, 200, 'the job was accepted, and that is what the answer says');
  });
  t.equal(lost, 2);
  const missed = lines.filter(({ message }) => message !== 'audit');
  t.same(
    missed.map(({ audit }) => audit),
    [entry, { ...entry, user: 'v' }],
    'whole',
  );
  t.match((await app.inject({ url: '/metrics', headers })).body, /^osimage_audit_entries_lost_total 1$/m);
  await trail.record(entry);
  t.equal(lost, 2, 'it goes on as soon as it can');
});

t.test('GET /audit: for supervisors, filtered, in pages', async (t) => {
  const gateway = await gatewayWithRows(t);
  const { app, headers, addUser, db } = gateway;
  for (const role of ['lxc-admin', 'lxc-hw-admin', 'lxc-os-admin', 'lxc-operator']) {
    const answer = await app.inject({ url: '/audit', headers: await addUser(role, role) });
    t.equal(answer.statusCode, 403, role);
    t.match(answer.json().messages[0].text, /lxc-read-audit/);
  }
  await db.query(
    `insert into audit (at, source, user_name, address, action, objects, outcome, request_id, detail)
     select timestamptz '2026-01-01T00:00:00Z' + n * interval '1 hour', 'command line', 'root', '', 'user.role',
       array['user' || n], 'success', '', '' from generate_series(0, 249) n`,
  );
  const get = async (query: string) => {
    const answer = await app.inject({ url: `/audit?${query}`, headers });
    t.equal(answer.statusCode, 200, query);
    return answer.json();
  };
  const first = await get('user=root');
  t.match(first, { result: 'success', messages: [{ id: 'FQXHMSE0001I' }] });
  t.equal(first.entries.length, 100);
  t.strictSame(first.entries[0], {
    id: first.entries[0].id,
    time: '2026-01-11T09:00:00.000Z',
    source: 'command line',
    user: 'root',
    address: '',
    action: 'user.role',
    objects: ['user249'],
    outcome: 'success',
    code: null,
    status: null,
    requestId: '',
    jobId: null,
    detail: '',
  });
  const seen = first.entries.map(({ objects }: { objects: string[] }) => objects[0]);
  for (let { next } = first; next !== ''; ) {
    const page = await get(`user=root&before=${next}`);
    seen.push(...page.entries.map(({ objects }: { objects: string[] }) => objects[0]));
    next = page.next;
  }
  t.strictSame(
    seen,
    Array.from({ length: 250 }, (_, n) => `user${249 - n}`),
  );
  const count = async (query: string) => (await get(query)).entries.length;
  t.equal(await count('user=root&limit=1000'), 250);
  t.equal(await count('object=user7'), 1);
  t.equal(await count('action=user.role&limit=7'), 7);
  t.equal(await count('outcome=refused&user=lxc-operator'), 1);
  t.equal(await count('outcome=failed'), 0);
  t.equal(await count('since=2026-01-01T10:00:00Z&until=2026-01-01T12:00:00%2B00:00&user=root'), 2);
  t.equal(await count('until=2026-01-02&limit=1000'), 24);
  for (const query of [
    'limit=0',
    'limit=1001',
    'limit=x',
    'before=7',
    'before=9-9-9',
    'outcome=maybe',
    'since=yesterday',
    'until=2026-13-45',
    'since=1',
    'unknown=1',
    `user=${'x'.repeat(300)}`,
    'user=a&user=b',
  ]) {
    const answer = await app.inject({ url: `/audit?${query}`, headers });
    t.equal(answer.statusCode, 400, query);
    t.match(answer.json(), { result: 'failed', messages: [{ id: 'FQXHMFC9001M' }] });
  }
  t.equal(await count(`before=${'9'.repeat(14)}-${'9'.repeat(18)}&user=root`), 100, 'any cursor is a place');
});
