/** Key pairs of remote file servers (contract, 8.1 and C-15). */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { open } from '@osimage/secrets';
import t, { type Test } from 'tap';
import { createTestGateway, type TestGateway } from '../support/gateway.ts';
import { needTool } from '../support/tools.ts';

const run = promisify(execFile);
const path = '/osImages/remoteFileServers';
const wanted = { address: '192.0.2.7', displayName: 'backup', port: 22, protocol: 'SFTP', username: 'store' };
const ecdsa = 'ECDSA-521-secp521r1';

function caller({ app, headers }: TestGateway) {
  return async (method: 'GET' | 'POST' | 'PUT', url: string, payload?: object) => {
    const answer = await app.inject({ method, url, headers, ...(payload && { payload }) });
    return { code: answer.statusCode, text: answer.body, body: answer.json() };
  };
}

async function storedKey({ db, services }: TestGateway, id: string, column = 'private_key'): Promise<string> {
  const { rows } = await db.query<{ key: string | null }>(
    `select ${column} as key from servers where id = $1`,
    [id],
  );
  const sealed = rows[0]?.key ?? '';
  return sealed && open(services.secrets, sealed, `server/${id}/private_key`);
}

/** What ssh-keygen says of a public key: bits, fingerprint, comment, type. */
async function described(t: Test, program: string, key: string): Promise<string[]> {
  const file = join(t.testdir({}), 'key.pub');
  await writeFile(file, `${key}\n`);
  const [bits = '', print = '', ...rest] = (await run(program, ['-l', '-f', file])).stdout.trim().split(' ');
  return [bits, print, rest.join(' ')];
}

t.test('a pair of each type, as ssh-keygen reads it', async (t) => {
  const program = needTool(t, 'ssh-keygen');
  if (!program) return;
  const gateway = await createTestGateway(t);
  const call = caller(gateway);
  const types = [
    ['RSA-2048', '2048', '(RSA)'],
    ['RSA-4096', '4096', '(RSA)'],
    [ecdsa, '521', '(ECDSA)'],
  ] as const;
  for (const [keyType, bits, kind] of types) {
    await t.test(keyType, async (t) => {
      const made = await call('POST', path, {
        ...wanted,
        displayName: keyType,
        keyType,
        keyComment: `exports of ${keyType}`,
      });
      t.equal(made.code, 200);
      t.match(made.body, { keyType, keySignature: /^SHA256:/, serverPublicKey: /^\S+ \S+ exports of / });
      t.strictSame(await described(t, program, made.body.serverPublicKey), [
        bits,
        made.body.keySignature,
        `exports of ${keyType} ${kind}`,
      ]);
      const id = made.body.serverId;
      const pem = await storedKey(gateway, id);
      const file = join(t.testdir({}), 'private');
      await writeFile(file, pem, { mode: 0o600 });
      const { stdout } = await run(program, ['-y', '-f', file]);
      t.equal(
        stdout.trim().split(' ').slice(0, 2).join(' '),
        made.body.serverPublicKey.split(' ').slice(0, 2).join(' '),
        'the private half belongs to it',
      );
      const shown = {
        keyType,
        serverPublicKey: made.body.serverPublicKey,
        keySignature: made.body.keySignature,
      };
      const one = await call('GET', `${path}/${id}`);
      const list = await call('GET', path);
      t.match(one.body, shown);
      t.match(
        list.body.serverList.find((server: { serverId: string }) => server.serverId === id),
        shown,
      );
      for (const { text } of [made, one, list]) t.notMatch(text, /PRIVATE|v1\.[0-9a-f]{8}\.|private_key/);
    });
  }
});

t.test('the same type again keeps the pair, another one or a wish makes a new one', async (t) => {
  const gateway = await createTestGateway(t);
  const call = caller(gateway);
  const { body: made } = await call('POST', path, { ...wanted, keyType: ecdsa, keyComment: 'one' });
  const at = `${path}/${made.serverId}`;
  const put = async (change: object) => (await call('PUT', at, change)).body;
  t.equal((await put({ ...wanted, keyType: ecdsa.toLowerCase() })).serverPublicKey, made.serverPublicKey);
  t.equal((await put(wanted)).serverPublicKey, made.serverPublicKey, 'as pylxca changes a server');
  t.equal((await put({ ...wanted, keyType: null })).serverPublicKey, made.serverPublicKey);
  const posted = await call('POST', path, { ...wanted, serverId: made.serverId, keyType: ecdsa });
  t.equal(posted.body.serverPublicKey, made.serverPublicKey);
  const renamed = await put({ keyComment: 'two words' });
  t.equal(renamed.keySignature, made.keySignature, 'the comment is no part of the key');
  t.match(renamed.serverPublicKey, / two words$/);
  t.match(await put({ keyType: '' }), { keyType: '', serverPublicKey: '', keySignature: '' });
  t.equal(await storedKey(gateway, made.serverId), '', 'removed');
});

t.test('a new pair beside a present one is pending; jobs see nothing of it', async (t) => {
  const gateway = await createTestGateway(t);
  const call = caller(gateway);
  const { body: made } = await call('POST', path, { ...wanted, keyType: ecdsa, keyComment: 'of 2026' });
  t.match(made, { pendingKeyType: '', pendingPublicKey: '', pendingKeySignature: '' });
  const at = `${path}/${made.serverId}`;
  const put = async (change: object) => (await call('PUT', at, change)).body;
  const read = async () => (await call('GET', at)).body;
  const used = await storedKey(gateway, made.serverId);
  const present = { keyType: ecdsa, serverPublicKey: made.serverPublicKey, keySignature: made.keySignature };

  const asked = await put({ newKeyPair: true });
  t.match(
    asked,
    { keyType: ecdsa, serverPublicKey: / of 2026$/ },
    'the answer shows the new one, as promised',
  );
  t.not(asked.keySignature, made.keySignature);
  t.equal(asked.pendingPublicKey, asked.serverPublicKey);
  t.match(asked.messages, [{}, { id: 'FQXHMFC9367I', text: /pending/ }]);
  const both = { ...present, pendingKeyType: ecdsa, pendingPublicKey: asked.pendingPublicKey };
  t.match(await read(), both, 'both are shown');
  t.match((await call('GET', path)).body.serverList, [both]);

  t.match(await put(wanted), both, 'a change of something else keeps both');
  t.match(await put({ pendingKeyType: ecdsa }), both, 'what was read can be sent back');
  const other = await put({ keyType: 'RSA-2048', keyComment: '' });
  t.match(other, { keyType: 'RSA-2048', serverPublicKey: /^ssh-rsa \S+$/ }, 'a further one takes its place');
  t.match(await read(), { ...present, pendingKeyType: 'RSA-2048', pendingPublicKey: other.serverPublicKey });
  t.equal(
    (await put({ keyType: 'rsa-2048' })).serverPublicKey,
    other.serverPublicKey,
    'asked again: the same',
  );
  t.match(await put({ keyType: ecdsa }), { ...present, pendingKeyType: 'RSA-2048' }, 'the present type');
  const renamed = await put({ keyComment: 'to carry' });
  t.match(renamed, { ...present, pendingPublicKey: `${other.serverPublicKey} to carry` });
  t.match(await storedKey(gateway, made.serverId, 'pending_private_key'), 'BEGIN RSA PRIVATE KEY');
  t.equal(await storedKey(gateway, made.serverId), used);

  for (const change of [
    { pendingKeyType: 'RSA-4096' },
    { pendingKeyType: '', newKeyPair: true },
    { pendingKeyType: '', keyType: 'RSA-4096' },
  ])
    t.equal((await call('PUT', at, change)).code, 400, JSON.stringify(change));
  t.match(await put({ pendingKeyType: '' }), { ...present, pendingKeyType: '', pendingPublicKey: '' });
  t.equal(await storedKey(gateway, made.serverId, 'pending_private_key'), '', 'dropped');
  await put({ newKeyPair: true });
  t.match(await put({ keyType: '' }), { keyType: '', pendingKeyType: '' }, 'no keys at all');
  t.equal(await storedKey(gateway, made.serverId, 'pending_private_key'), '');

  await put({ password: 'S3cret' });
  t.match(
    await put({ keyType: ecdsa }),
    { keyType: ecdsa, pendingKeyType: '' },
    'a first key is used at once',
  );
  await put({ newKeyPair: true });
  const ftp = await put({ ...wanted, protocol: 'FTP', password: 'x' });
  t.match(ftp, { keyType: '', pendingKeyType: '' }, 'no keys for another protocol');
  const { rows } = await gateway.db.query<{ detail: string }>(
    "select detail from audit where action = 'server.change' order by id",
  );
  const told = rows.map(({ detail }) => detail).join('\n');
  t.match(told, `pending key pair made: ${other.pendingKeySignature}`);
  t.match(told, `pending key pair dropped: ${other.pendingKeySignature}`);
  t.notMatch(told, /S3cret|PRIVATE/);
});

t.test('a pair goes with the profile to another address, but not to another protocol', async (t) => {
  const gateway = await createTestGateway(t);
  const call = caller(gateway);
  const hostKeys = ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH7gu5dUNZFMgw8Hk3eQ4SJQKBkDMtHYlpuAjPHDF9l4'];
  const { body: made } = await call('POST', path, { ...wanted, keyType: ecdsa, hostKeys });
  const at = `${path}/${made.serverId}`;
  const moved = await call('PUT', at, { ...wanted, address: '192.0.2.8' });
  t.equal(moved.code, 200, 'there is no secret to send again');
  t.match(moved.body, { keySignature: made.keySignature, hostKeys: [] });
  await call('PUT', at, { password: 'S3cret-of-the-server' });
  for (const method of ['PUT', 'POST'] as const) {
    const url = method === 'PUT' ? at : path;
    const refused = await call(method, url, {
      ...wanted,
      serverId: made.serverId,
      port: 2222,
      keyType: ecdsa,
    });
    t.equal(refused.code, 400, 'a password beside the key must come again');
    t.match(refused.body.messages[0].text, /password must be given again/);
  }
  const ftp = await call('PUT', at, { ...wanted, protocol: 'FTP', password: 'x' });
  t.match(ftp.body, { protocol: 'FTP', keyType: '', serverPublicKey: '' });
  t.equal(await storedKey(gateway, made.serverId), '');
});

t.test('the passphrase is taken in both spellings, and a remark says that it is not kept', async (t) => {
  const gateway = await createTestGateway(t);
  const call = caller(gateway);
  for (const name of ['keyPassphras', 'keyPassphrase']) {
    const payload = { ...wanted, displayName: name, keyType: ecdsa, [name]: 'Passphrase-0f-the-key' };
    const made = await call('POST', path, payload);
    t.equal(made.code, 200, name);
    t.match(made.body.messages, [{ id: 'FQXHMSE0001I' }, { text: /passphrase is not kept/ }]);
    t.notMatch(made.text, 'Passphrase-0f');
    const { rows } = await gateway.db.query('select * from servers');
    t.notMatch(JSON.stringify(rows), 'Passphrase-0f');
  }
});

t.test('what cannot be is said, and changes nothing', async (t) => {
  const gateway = await createTestGateway(t);
  const call = caller(gateway);
  const wrong: [change: object, text: RegExp][] = [
    [{ keyType: 'RSA-1024' }, /type RSA-1024 cannot be made/],
    [{ keyType: 'ssh-ed25519' }, /cannot be made/],
    [{ keyType: 'RSA-2048', protocol: 'FTP' }, /for SFTP, not for FTP/],
    [{ keyType: ecdsa, protocol: 'https' }, /for SFTP, not for HTTPS/],
    [{ keyType: ecdsa, keyPassphras: 'a', keyPassphrase: 'b' }, /two spellings/],
    [{ keyPassphrase: 'a' }, /need a keyType/],
    [{ keyType: '', keyComment: 'a' }, /need a keyType/],
    [{ newKeyPair: true }, /need a keyType/],
    [{ keyType: ecdsa, keyComment: 'a\nssh-rsa AAAA' }, /keyComment/],
    [{ keyType: ecdsa, newKeyPair: 'yes' }, /newKeyPair/],
  ];
  for (const [change, text] of wrong) {
    const answer = await call('POST', path, { ...wanted, ...change });
    t.equal(answer.code, 400, JSON.stringify(change));
    t.match(answer.body, { result: 'failed', messages: [{ text }] });
  }
  t.equal((await gateway.db.query('select from servers')).rowCount, 0);
  const { body: made } = await call('POST', path, { ...wanted, keyType: ecdsa });
  for (const change of [{ protocol: 'FTP', keyType: ecdsa }, { keyType: 'x' }])
    t.equal((await call('PUT', `${path}/${made.serverId}`, change)).code, 400);
  t.match((await call('GET', `${path}/${made.serverId}`)).body, {
    protocol: 'SFTP',
    serverPublicKey: made.serverPublicKey,
  });
  t.equal((await call('PUT', `${path}/99`, { keyType: 'RSA-4096' })).code, 404);
  const operator = await gateway.addUser('operator', 'lxc-operator');
  const answer = await gateway.app.inject({
    method: 'PUT',
    url: `${path}/${made.serverId}`,
    headers: operator,
    payload: { newKeyPair: true, hostKeys: [] },
  });
  t.equal(answer.statusCode, 403, 'keys are for those who may edit servers');
});

t.test('two changes at once end with one whole pair', async (t) => {
  const gateway = await createTestGateway(t);
  const call = caller(gateway);
  const { body: made } = await call('POST', path, wanted);
  const at = `${path}/${made.serverId}`;
  const answers = await Promise.all([
    call('PUT', at, { keyType: ecdsa }),
    call('PUT', at, { keyType: 'RSA-2048' }),
    call('PUT', at, { keyType: ecdsa }),
  ]);
  for (const { code } of answers) t.equal(code, 200);
  const { body } = await call('GET', at);
  const pem = await storedKey(gateway, made.serverId);
  t.match(pem, body.keyType === ecdsa ? 'BEGIN EC PRIVATE KEY' : 'BEGIN RSA PRIVATE KEY');
  t.ok(answers.some((answer) => answer.body.keySignature === body.keySignature));
});
