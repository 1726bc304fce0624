/** Remote file servers (contract, section 8). */
import { insertJob, pinHostKey } from '@osimage/database';
import { open } from '@osimage/secrets';
import t from 'tap';
import { createTestGateway, type TestGateway } from '../support/gateway.ts';

const path = '/osImages/remoteFileServers';
const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH7gu5dUNZFMgw8Hk3eQ4SJQKBkDMtHYlpuAjPHDF9l4';
const other = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAsKt0wkUGTePAWjvMnyzUyJVDcbNgfJPYEuCKLJoZOQ';
const wanted = {
  address: '192.0.2.7',
  displayName: 'backup',
  port: 22,
  protocol: 'SFTP',
  username: 'store',
  password: 'S3cret-of-the-server',
};

function caller({ app, headers }: TestGateway) {
  return async (method: 'GET' | 'POST' | 'PUT' | 'DELETE', url: string, payload?: object) => {
    const answer = await app.inject({ method, url, headers, ...(payload && { payload }) });
    return { code: answer.statusCode, text: answer.body, body: answer.json() };
  };
}

t.test('made, read, listed, changed, deleted', async (t) => {
  const gateway = await createTestGateway(t);
  const call = caller(gateway);
  const made = await call('POST', path, wanted);
  t.equal(made.code, 200, 'not 201');
  const shown = {
    serverId: '1',
    address: '192.0.2.7',
    displayName: 'backup',
    port: 22,
    protocol: 'SFTP',
    username: 'store',
    keyType: '',
    keySignature: '',
    serverPublicKey: '',
    hostKeys: [],
    result: 'success',
  };
  t.match(made.body, shown);
  const read = await call('GET', `${path}/1`);
  t.match(read.body, shown, 'at the top level');
  const list = await call('GET', path);
  t.match(list.body, { serverList: [{ serverId: '1', displayName: 'backup' }], result: 'success' });
  const changed = await call('PUT', `${path}/1`, { ...wanted, displayName: 'other', password: undefined });
  t.match(changed.body, { serverId: '1', displayName: 'other' });
  const again = await call('POST', path, { ...wanted, displayName: 'third', serverId: '1' });
  t.match(again.body, { serverId: '1', displayName: 'third' }, 'a serverId means a change');
  for (const answer of [made, read, list, changed, again])
    t.notMatch(answer.text, /S3cret|"password"|keyPassphras/);
  const gone = await call('DELETE', `${path}/1`, {});
  t.equal(gone.code, 200);
  t.match(gone.body, { result: 'success' });
  for (const [method, payload] of [['GET'], ['PUT', wanted], ['DELETE', {}]] as const) {
    const answer = await call(method, `${path}/1`, payload);
    t.equal(answer.code, 404, method);
    t.match(answer.body, { messages: [{ id: 'FQXHMFC9002M', text: 'There is no remote file server 1.' }] });
  }
  t.equal((await call('POST', path, { ...wanted, serverId: '1' })).code, 404, 'an id must exist');
  t.match((await call('POST', path, wanted)).body, { serverId: '2' }, 'ids are not used again');
});

t.test('the password is sealed for its place', async (t) => {
  const gateway = await createTestGateway(t);
  const call = caller(gateway);
  await call('POST', path, wanted);
  const stored = async () => {
    const { rows } = await gateway.db.query<{ password: string | null }>('select password from servers');
    return rows[0]?.password ?? '';
  };
  const { secrets } = gateway.services;
  t.notMatch(await stored(), wanted.password);
  t.equal(open(secrets, await stored(), 'server/1/password'), wanted.password);
  const sealed = await stored();
  t.throws(() => open(secrets, sealed, 'server/2/password'));
  const { password: _, ...without } = wanted;
  await call('PUT', `${path}/1`, { ...without, username: 'else', keyPassphrase: null });
  t.equal(open(secrets, await stored(), 'server/1/password'), wanted.password, 'absent: kept');
  await call('PUT', `${path}/1`, { password: 'other' });
  t.equal(open(secrets, await stored(), 'server/1/password'), 'other');
  await call('PUT', `${path}/1`, { password: '' });
  t.equal(await stored(), '', 'empty: none');
});

t.test('another machine needs the password again and loses the pinned keys', async (t) => {
  const gateway = await createTestGateway(t);
  const { db } = gateway;
  const call = caller(gateway);
  const { password: _, ...without } = wanted;
  for (const change of [{ address: '192.0.2.8' }, { port: 2222 }, { protocol: 'FTP' }]) {
    await db.query('delete from servers');
    const { serverId } = (await call('POST', path, wanted)).body;
    t.same(await pinHostKey(db, serverId, key), { hostKeys: [key], pinned: true });
    t.same(
      (await call('PUT', `${path}/${serverId}`, { ...without, username: 'x' })).body.hostKeys,
      [key],
      'kept',
    );
    for (const method of ['PUT', 'POST'] as const) {
      const url = method === 'PUT' ? `${path}/${serverId}` : path;
      const refused = await call(method, url, { ...without, ...change, serverId });
      t.equal(refused.code, 400);
      t.match(refused.body.messages[0].text, /password must be given again/);
    }
    t.match((await call('GET', `${path}/${serverId}`)).body, { ...without, username: 'x', hostKeys: [key] });
    const moved = await call('PUT', `${path}/${serverId}`, { ...wanted, ...change });
    t.equal(moved.code, 200);
    t.match(moved.body, { ...change, hostKeys: [] });
  }
  await db.query('delete from servers');
  const { serverId } = (await call('POST', path, without)).body;
  const moved = await call('PUT', `${path}/${serverId}`, { ...without, port: 2222 });
  t.equal(moved.code, 200, 'without a password there is none to give again');
});

t.test('host keys can be pinned by hand and forgotten; a first connection pins once', async (t) => {
  const gateway = await createTestGateway(t);
  const { db } = gateway;
  const call = caller(gateway);
  await call('POST', path, { ...wanted, hostKeys: [key] });
  const pin = (id: string, revision?: number) => pinHostKey(db, id, other, revision);
  t.same(await pin('1'), { hostKeys: [key], pinned: false }, 'pinned before: stays');
  await call('PUT', `${path}/1`, { hostKeys: [] });
  t.same(await pin('1', 1), { hostKeys: [], pinned: false }, 'the profile has changed since');
  t.same(await pin('1', 2), { hostKeys: [other], pinned: true });
  t.same(await pin('9'), { hostKeys: [], pinned: false }, 'gone meanwhile');
  await call('PUT', `${path}/1`, { hostKeys: [`@revoked ${key}`] });
  t.same(await pin('1'), { hostKeys: [`@revoked ${key}`, other], pinned: true }, 'a revoked key is no pin');
});

t.test('a change or deletion with If-Match passes only when nobody was faster', async (t) => {
  const { app, headers, db } = await createTestGateway(t);
  const call = (method: 'GET' | 'POST' | 'PUT' | 'DELETE', url: string, tags = {}, payload?: object) =>
    app.inject({ method, url, headers: { ...headers, ...tags }, ...(payload && { payload }) });
  const tagOf = async () => String((await call('GET', `${path}/1`)).headers.etag);
  const made = await call('POST', path, {}, wanted);
  const first = String(made.headers.etag);
  t.match(first, /^"[\w-]+"$/);
  t.equal(await tagOf(), first);
  t.match(made.json(), { modified: /^\d{4}-.*Z$/, modifiedBy: 'USERID' });
  const same = await call('GET', `${path}/1`, { 'if-none-match': first });
  t.same([same.statusCode, same.body], [304, '']);

  const changed = await call('PUT', `${path}/1`, { 'if-match': first }, { password: 'other' });
  t.equal(changed.statusCode, 200);
  t.not(changed.headers.etag, first, 'also for what is not shown');
  t.equal((await call('GET', `${path}/1`, { 'if-none-match': first })).statusCode, 200);
  for (const [method, url, payload] of [
    ['PUT', `${path}/1`, { username: 'late' }],
    ['POST', path, { ...wanted, username: 'late', serverId: '1' }],
    ['DELETE', `${path}/1`, undefined],
  ] as const) {
    const late = await call(method, url, { 'if-match': first }, payload);
    t.equal(late.statusCode, 412, method);
    t.match(late.json(), { messages: [{ text: 'The remote file server 1 was changed since it was read.' }] });
  }
  const present = await tagOf();
  t.equal(present, changed.headers.etag);
  await pinHostKey(db, '1', key);
  t.not(await tagOf(), present, 'a key that was pinned is shown');
  t.equal((await call('DELETE', `${path}/1`, { 'if-match': present })).statusCode, 412);
  t.equal((await call('DELETE', `${path}/1`, { 'if-match': `"x", ${await tagOf()}` })).statusCode, 200);
});

t.test('a display name belongs to one server', async (t) => {
  const gateway = await createTestGateway(t);
  const call = caller(gateway);
  await call('POST', path, wanted);
  const second = await call('POST', path, { ...wanted, displayName: 'second' });
  for (const answer of [
    await call('POST', path, wanted),
    await call('POST', path, { ...wanted, displayName: ' backup ' }),
    await call('PUT', `${path}/${second.body.serverId}`, { displayName: 'backup' }),
  ]) {
    t.equal(answer.code, 400, 'not 409');
    t.match(answer.body, { result: 'failed', messages: [{ text: /backup belongs to another/ }] });
  }
  const both = await Promise.all([1, 2].map(() => call('POST', path, { ...wanted, displayName: 'third' })));
  t.same(both.map((answer) => answer.code).sort(), [200, 400]);
});

t.test('a server that an unfinished job delivers to stays', async (t) => {
  const gateway = await createTestGateway(t);
  const call = caller(gateway);
  const { serverId } = (await call('POST', path, wanted)).body;
  const id = await insertJob(gateway.db, {
    kind: 'export',
    title: 'an export',
    createdBy: 'USERID',
    requestId: '',
    serverId,
  });
  const answer = await call('DELETE', `${path}/${serverId}`);
  t.equal(answer.code, 409);
  t.match(answer.body.messages[0].text, `job ${id}`);
  await gateway.db.query(`update jobs set state = 'Cancelled', ended_at = now()`);
  t.equal((await call('DELETE', `${path}/${serverId}`)).code, 200);
});

t.test('what is wrong is said, and changes nothing', async (t) => {
  const gateway = await createTestGateway(t);
  const call = caller(gateway);
  const wrong: Record<string, unknown[]> = {
    address: [undefined, '', 7, 'a b', '-oProxyCommand=x', 'a/b', 'http://x', 'a\r\nb', 'x'.repeat(300)],
    displayName: [undefined, '', '  ', 'a\nb', 'x'.repeat(300), []],
    port: [undefined, 0, 65_536, 1.5, 'ssh', -1, '0', '70000', null],
    protocol: [undefined, '', 'SCP', 'SFTPX', 1],
    username: [1, 'a\r\nQUIT', 'x'.repeat(300)],
    password: [1, 'x'.repeat(2_000)],
    keyType: ['RSA-1024', 1],
    hostKeys: ['a b', ['nothing'], [1]],
    serverId: [1, {}],
  };
  for (const [name, values] of Object.entries(wrong)) {
    for (const value of values) {
      const answer = await call('POST', path, { ...wanted, [name]: value });
      t.equal(answer.code, 400, `${name} ${JSON.stringify(value)?.slice(0, 30)}`);
      t.match(answer.body, { result: 'failed', messages: [{ id: /^FQXHMFC9/ }] });
    }
  }
  const { rowCount } = await gateway.db.query('select from servers');
  t.equal(rowCount, 0);
  t.match((await call('POST', path, { ...wanted, keyType: 'RSA-1024' })).body.messages[0].text, 'RSA-1024');
  const tolerant = await call('POST', path, { ...wanted, port: '2022', protocol: 'sftp', keyType: '' });
  t.match(tolerant.body, { port: 2022, protocol: 'SFTP' });
});

t.test('an address that is never allowed is refused when it is saved', async (t) => {
  const gateway = await createTestGateway(t);
  const call = caller(gateway);
  await call('POST', path, wanted);
  for (const address of ['169.254.169.254', '[fe80::1]', '0.0.0.0', '::ffff:169.254.169.254', '0xa9fea9fe']) {
    for (const [method, url, body] of [
      ['POST', path, { ...wanted, displayName: 'new', address }],
      ['POST', path, { ...wanted, serverId: '1', address }],
      ['PUT', `${path}/1`, { ...wanted, address }],
    ] as const) {
      const answer = await call(method, url, body);
      t.equal(answer.code, 400, `${method} ${address}`);
      t.match(answer.body, { messages: [{ id: 'FQXHMFC9316M', text: /may not be used.*: it is / }] });
    }
  }
  t.match((await call('GET', path)).body.serverList, [{ address: wanted.address }]);
  for (const address of ['127.0.0.1', 'localhost', '10.0.0.7', 'metadata.example'])
    t.equal((await call('PUT', `${path}/1`, { ...wanted, address })).code, 200, address);
});

t.test('FTPS is a protocol of its own', async (t) => {
  const call = caller(await createTestGateway(t));
  const made = await call('POST', path, { ...wanted, port: 21, protocol: 'ftps' });
  t.match(made.body, { protocol: 'FTPS', port: 21 });
  const { password: _, ...without } = wanted;
  const plain = await call('PUT', `${path}/1`, { ...without, port: 21, protocol: 'FTP' });
  t.equal(plain.code, 400, 'without TLS the password would be read on the way');
});

t.test('ids that cannot exist are 404, and the path is no image', async (t) => {
  const call = caller(await createTestGateway(t));
  for (const id of ['0', 'abc', '%7C', '9'.repeat(400), "'%20or%201=1"])
    t.equal((await call('GET', `${path}/${id}`)).code, 404, id.slice(0, 20));
  t.equal((await call('GET', `${path}/%00`)).code, 400);
  t.equal((await call('GET', `${path}/`)).code, 200);
});
