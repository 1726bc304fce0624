/** How a server wants to be treated, and the host keys that are pinned on its profile. */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fingerprint } from '@osimage/outbound';
import t from 'tap';
import { createTestGateway, type TestGateway } from '../support/gateway.ts';
import { needTool } from '../support/tools.ts';

const path = '/osImages/remoteFileServers';
const wanted = { address: '192.0.2.7', displayName: 'backup', port: 22, protocol: 'SFTP', username: 'store' };
const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH7gu5dUNZFMgw8Hk3eQ4SJQKBkDMtHYlpuAjPHDF9l4';
const other = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAsKt0wkUGTePAWjvMnyzUyJVDcbNgfJPYEuCKLJoZOQ';

function caller({ app, headers }: TestGateway, as = headers) {
  return async (method: 'GET' | 'POST' | 'PUT', url: string, payload?: object) => {
    const answer = await app.inject({ method, url, headers: as, ...(payload && { payload }) });
    return { code: answer.statusCode, text: answer.body, body: answer.json() };
  };
}

t.test('options are kept, shown, changed one by one and taken back', async (t) => {
  const call = caller(await createTestGateway(t));
  const usual = {
    connections: 0,
    bytesPerSecond: 0,
    verify: 'sample',
    oldAlgorithms: [],
    authentication: 'basic',
    parallelExports: 0,
  };
  t.match((await call('POST', path, wanted)).body, usual, 'nothing needs to be set');
  const set = {
    connections: 4,
    bytesPerSecond: 5_000_000_000,
    verify: 'full',
    oldAlgorithms: ['ssh-rsa', 'diffie-hellman-group14-sha1'],
    parallelExports: 2,
  };
  const at = `${path}/1`;
  const inOrder = { ...set, oldAlgorithms: ['diffie-hellman-group14-sha1', 'ssh-rsa'] };
  t.match((await call('PUT', at, set)).body, inOrder);
  t.match((await call('PUT', at, wanted)).body, inOrder, 'absent: kept');
  t.match(
    (await call('PUT', at, { ...wanted, connections: null, verify: null })).body,
    inOrder,
    'null: kept',
  );
  t.match((await call('GET', path)).body.serverList, [inOrder]);
  t.match((await call('PUT', at, usual)).body, usual, 'as they were shown: taken back');
  const made = await call('POST', path, {
    ...wanted,
    displayName: 'web',
    protocol: 'HTTPS',
    authentication: 'bearer',
  });
  t.match(made.body, { authentication: 'bearer' });
  await call('PUT', at, set);
  const moved = await call('PUT', at, { ...wanted, protocol: 'FTPS' });
  t.match(moved.body, { ...set, oldAlgorithms: [] }, 'another protocol has no use for old SSH');
});

t.test('options that make no sense are refused, and change nothing', async (t) => {
  const { db, ...gateway } = await createTestGateway(t);
  const call = caller({ db, ...gateway });
  const wrong: [change: object, text: RegExp][] = [
    [{ connections: 33 }, /connections must be a whole number from 0 to 32/],
    [{ connections: -1 }, /connections/],
    [{ connections: '4' }, /connections/],
    [{ bytesPerSecond: 1_023 }, /at least 1024/],
    [{ bytesPerSecond: 1.5 }, /bytesPerSecond/],
    [{ bytesPerSecond: 1e15 }, /bytesPerSecond/],
    [{ verify: 'none' }, /verify must be size, sample or full/],
    [{ oldAlgorithms: 'ssh-rsa' }, /oldAlgorithms must be a list/],
    [{ oldAlgorithms: ['ssh-dss'] }, /oldAlgorithms\[0\] must be .*aes128-cbc/],
    [{ oldAlgorithms: ['arcfour'] }, /oldAlgorithms/],
    [{ oldAlgorithms: ['curve25519-sha256'] }, /oldAlgorithms/],
    [{ oldAlgorithms: ['ssh-rsa'], protocol: 'FTP' }, /for SFTP, not for FTP/],
    [{ authentication: 'digest' }, /authentication must be basic or bearer/],
    [{ authentication: 'bearer' }, /bearer is for HTTP and HTTPS, not for SFTP/],
    [{ parallelExports: -1 }, /parallelExports/],
    [{ parallelExports: 1_001 }, /parallelExports/],
    [{ parallel_exports: 1 }, /parallel_exports/],
  ];
  await call('POST', path, { ...wanted, displayName: 'there' });
  for (const [change, text] of wrong) {
    for (const [method, url, rest] of [
      ['POST', path, wanted],
      ['PUT', `${path}/1`, {}],
    ] as const) {
      const answer = await call(method, url, { ...rest, ...change });
      t.equal(answer.code, 400, `${method} ${JSON.stringify(change)}`);
      t.match(answer.body, { result: 'failed', messages: [{ text }] });
    }
  }
  const { rows } = await db.query('select revision from servers');
  t.strictSame(rows, [{ revision: 1 }]);
});

t.test('host keys: lines of known_hosts as people paste them', async (t) => {
  const gateway = await createTestGateway(t);
  const call = caller(gateway);
  const pinned = async (hostKeys: string[], rest: object = {}) => {
    await gateway.db.query('delete from servers');
    const { code, body } = await call('POST', path, { ...wanted, hostKeys, ...rest });
    return code === 200 ? body.hostKeys : body.messages[0].text;
  };
  t.strictSame(await pinned([key]), [key]);
  t.strictSame(await pinned([`${key} root@there`, `192.0.2.7 ${key}`]), [key], 'each once');
  t.strictSame(await pinned([`files.example,192.0.2.7 ${other} x\n\n# a comment\r\n192.0.2.* ${key}\n`]), [
    other,
    key,
  ]);
  t.strictSame(await pinned([`[192.0.2.7]:2222 ${key}`], { port: 2222 }), [key]);
  t.strictSame(
    await pinned([`192.0.2.7 ${key}`], { port: 2222 }),
    [key],
    'without a port: for all, as OpenSSH takes it',
  );
  t.strictSame(await pinned([`@revoked * ${other}`, key]), [`@revoked ${other}`, key]);
  t.strictSame(await pinned([`@revoked ${other}`]), [`@revoked ${other}`], 'as they are shown');
  const refused: [line: string, text: RegExp, rest?: object][] = [
    [`192.0.2.8 ${key}`, /the line is for 192.0.2.8 and not for 192.0.2.7/],
    [`192.0.2.*,!192.0.2.7 ${key}`, /not for 192.0.2.7/],
    [`[192.0.2.7]:2222 ${key}`, /not for 192.0.2.7;/],
    [`192.0.2.8 ${key}`, /not for \[192.0.2.7\]:2222/, { port: 2222 }],
    [`@cert-authority *.example ${key}`, /certificate authority/],
    [`@trusted ${key}`, /unknown mark @trusted/],
    [key.slice(0, -8), /broken or cut off/],
    [`ssh-ed25519 ${other.slice(12, 40)}!${other.slice(41)}`, /broken/],
    [key.replace('ssh-ed25519', 'ssh-rsa'), /broken/],
    ['ssh-dss AAAAB3NzaC1kc3MAAACBAA==', /type ssh-dss; used are ssh-ed25519/],
    ['SHA256:FB8T+AWfaLbC7PmACvA7wL6ssh2Wf0mJT5sJ5x9WaWM', /not a line of known_hosts/],
    ['ssh-ed25519', /not a line/],
    [`${key}\n192.0.2.7 nothing`, /line 2 is not/],
  ];
  for (const [line, text, rest] of refused) t.match(await pinned([line], rest), text, line.slice(0, 40));
  t.match(await pinned([key], { protocol: 'FTPS' }), /for SFTP, not for FTPS/);
  await call('POST', path, { ...wanted, hostKeys: [key] });
  const { body } = await call('PUT', `${path}/${(await call('GET', path)).body.serverList[0].serverId}`, {
    address: 'files.example',
    hostKeys: [`files.example ${other}`],
  });
  t.strictSame(body.hostKeys, [other], 'the names are compared with the new address');
});

t.test('host keys: hashed names, as ssh-keygen makes them, and keys of every type', async (t) => {
  const program = needTool(t, 'ssh-keygen');
  if (!program) return;
  const call = caller(await createTestGateway(t));
  const run = promisify(execFile);
  const folder = t.testdir({});
  const lines: string[] = [];
  for (const [type, bits] of [
    ['ed25519', '256'],
    ['ecdsa', '384'],
    ['ecdsa', '521'],
    ['rsa', '2048'],
  ] as const) {
    const file = join(folder, `${type}${bits}`);
    await run(program, ['-q', '-t', type, '-b', bits, '-N', '', '-f', file]);
    lines.push((await readFile(`${file}.pub`, 'utf8')).trim());
  }
  const known = join(folder, 'known_hosts');
  await writeFile(known, lines.map((line) => `[192.0.2.7]:2222 ${line}\n`).join(''));
  await run(program, ['-H', '-f', known]);
  const hashed = await readFile(known, 'utf8');
  t.match(hashed, /^\|1\|/);
  const made = await call('POST', path, { ...wanted, port: 2222, hostKeys: [hashed] });
  t.strictSame(
    made.body.hostKeys,
    lines.map((line) => line.split(' ').slice(0, 2).join(' ')),
  );
  const elsewhere = await call('POST', path, { ...wanted, displayName: 'x', port: 2223, hostKeys: [hashed] });
  t.match(elsewhere.body.messages[0].text, /line 1 is for a hashed name and not for \[192.0.2.7\]:2223/);
});

t.test('host keys are changed by supervisors only, and the trail has their fingerprints', async (t) => {
  const gateway = await createTestGateway(t);
  const supervisor = caller(gateway);
  const admin = caller(gateway, await gateway.addUser('admin', 'lxc-admin'));
  const refused = await admin('POST', path, { ...wanted, hostKeys: [key] });
  t.equal(refused.code, 403);
  t.match(refused.body.messages[0].text, 'lxc-manage-host-keys');
  const made = await admin('POST', path, { ...wanted, hostKeys: [] });
  t.equal(made.code, 200, 'none is no pin');
  const at = `${path}/${made.body.serverId}`;
  await supervisor('PUT', at, { hostKeys: [key, `@revoked ${other}`] });
  for (const hostKeys of [[], [key], [other], [key, other]])
    t.equal((await admin('PUT', at, { username: 'x', hostKeys })).code, 403, hostKeys.join());
  const read = (await admin('GET', at)).body;
  t.strictSame(read.hostKeys, [key, `@revoked ${other}`], 'everybody may see them');
  const same = await admin('PUT', at, { displayName: 'renamed', hostKeys: read.hostKeys });
  t.match(
    same.body,
    { displayName: 'renamed', username: 'store' },
    'sending back what was read is no change',
  );
  t.strictSame((await admin('PUT', at, { address: '192.0.2.9' })).body.hostKeys, [], 'another machine');
  await supervisor('PUT', at, { hostKeys: [other] });
  t.strictSame((await supervisor('PUT', at, { hostKeys: [] })).body.hostKeys, [], 'forgotten');
  const { rows } = await gateway.db.query<{ detail: string; outcome: string; user_name: string }>(
    "select user_name, outcome, detail from audit where action = 'server.change' order by id",
  );
  t.match(rows[0], {
    user_name: 'USERID',
    detail: `host keys pinned: ${fingerprint(key)}, ${fingerprint(other)} (revoked)`,
  });
  t.match(
    rows.slice(1, 5).map(({ outcome }) => outcome),
    Array(4).fill('refused'),
  );
  t.match(
    rows.slice(5).map(({ detail }) => detail),
    [
      'changed: displayName',
      `changed: address; host keys dropped: ${fingerprint(key)}, ${fingerprint(other)} (revoked)`,
      `host keys pinned: ${fingerprint(other)}`,
      `host keys dropped: ${fingerprint(other)}`,
    ],
  );
});
