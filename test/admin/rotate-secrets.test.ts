/** A new key for everything sealed, while services seal and open. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Database, holdSecretKey, listSealed } from '@osimage/database';
import { keyIdOf, loadSecretKey, open, seal } from '@osimage/secrets';
import t, { type Test } from 'tap';
import { startBuiltInServer } from '../../samples/sftp-server.ts';
import { adminFor } from '../support/admin.ts';
import { createTestDatabase } from '../support/database.ts';
import { createTestGateway } from '../support/gateway.ts';
import { importWindows } from '../support/sample-profile.ts';
import { startServices } from '../support/services.ts';
import { until } from '../support/until.ts';

async function temporaryFolder(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'osimage-rotate-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function addServer(db: Database, id: string, password: string | null): Promise<void> {
  await db.query(
    `insert into servers (id, display_name, address, port, protocol, username, password, default_path, host_keys,
       created_by, modified_by) values ($1, $1, '192.0.2.1', 22, 'SFTP', 'u', $2, '', '{}', 'test', 'test')`,
    [id, password],
  );
}

const place = (id: string) => `server/${id}/password`;

t.test('services go on: no job fails, no password is lost', async (t) => {
  const services = await startServices(t, { packagers: 2 });
  const { client, db, dataDir, databaseUrl } = services;
  const folder = await temporaryFolder(t);
  const sftp = await startBuiltInServer({ folder });
  t.teardown(() => sftp.stop());
  const imageId = await importWindows(client, folder, 'win2016');
  const profileId = `${imageId}|${imageId}-x86_64-install-Standard`;
  const { address, port, username, password } = sftp;
  const makeServer = async (displayName: string) => {
    const profile = { displayName, address, port, protocol: 'SFTP', username, password };
    return (await client.ok<{ serverId: string }>('POST', '/osImages/remoteFileServers', profile)).serverId;
  };
  const first = await makeServer('first');
  const admin = adminFor({ DATABASE_URL: databaseUrl, DATA_DIR: dataDir });
  const keyFile = join(dataDir, 'secret.key');
  const before = await readFile(keyFile, 'utf8');

  let over = false;
  const jobs: string[] = [];
  const servers = [first];
  const work = async () => {
    for (let turn = 0; !over; turn += 1) {
      const serverId = await makeServer(`server ${turn}`);
      servers.push(serverId);
      await client.ok('PUT', `/osImages/remoteFileServers/${first}`, { password });
      for (const id of [first, serverId]) {
        const { jobID } = await client.export(
          profileId,
          `?serverId=${id}&path=${encodeURIComponent(`${sftp.folder}/`)}`,
        );
        jobs.push(jobID);
        t.match(await client.ended(jobID), { status: 'Complete' });
      }
    }
  };
  const working = work();
  const keys = new Set<string>();
  for (let turn = 0; turn < 3; turn += 1) {
    const run = await admin(['rotate-secrets', '--json']);
    t.match(run, { code: 0, stderr: '' });
    const report = JSON.parse(run.stdout) as {
      key: string;
      made: boolean;
      resealed: number;
      dropped: string[];
    };
    t.match(report, { made: true, dropped: [/^[0-9a-f]{8}$/] });
    t.ok(report.resealed > 0);
    keys.add(report.key);
  }
  over = true;
  await working;
  t.equal(keys.size, 3);
  t.ok(jobs.length >= 4, `${jobs.length} deliveries`);
  const after = await readFile(keyFile, 'utf8');
  t.not(after, before);
  t.equal(Buffer.from(after, 'base64').length, 32, 'one key is left');
  t.equal((await stat(keyFile)).mode & 0o777, 0o600);
  t.same(
    (await readdir(dataDir)).filter((name) => name.startsWith('secret')),
    ['secret.key'],
  );

  const ring = await loadSecretKey({ DATA_DIR: dataDir });
  const sealed = await listSealed(db);
  t.equal(sealed.length, servers.length);
  for (const one of sealed) {
    t.equal(keyIdOf(one.sealed), ring.current);
    t.equal(open(ring, one.sealed, one.place), password);
  }
  const { rows } = await db.query<{ revision: number }>(
    `select revision from servers where display_name = 'server 0'`,
  );
  t.equal(rows[0]?.revision, 1, 'a profile counts as unchanged');
  await services.addPackager();
  t.notMatch(await services.logs(), /secret_unreadable|cannot be decrypted/);
  t.notMatch(await services.logs(), new RegExp(after.trim().replace(/[+/]/g, '.')));
});

t.test('every column with something sealed is on the list, and is sealed again', async (t) => {
  const { app, db, headers, databaseUrl, services } = await createTestGateway(t);
  const change = async (method: 'POST' | 'PUT', url: string, payload: object) =>
    t.equal((await app.inject({ method, url, headers, payload })).statusCode, 200, url);
  await change('POST', '/osImages/remoteFileServers', {
    displayName: 'one',
    address: '127.0.0.1',
    port: 22,
    protocol: 'SFTP',
    username: 'u',
    password: 'a secret of the test',
    keyType: 'ECDSA-521-secp521r1',
  });
  await change('PUT', '/osdeployment/globalSettings', {
    credentials: [{ type: 'LINUX', name: 'root', password: 'a secret of the test' }],
    licenseKeys: { win2019r1: { standardLicenseKey: 'AAAAA-BBBBB-CCCCC-DDDDD-EEEEE' } },
  });
  const { rows: columns } = await db.query<{ table_name: string; column_name: string }>(
    `select table_name, column_name from information_schema.columns
     where table_schema = 'public' and data_type in ('text', 'jsonb', 'json', 'ARRAY')`,
  );
  const found: string[] = [];
  for (const { table_name, column_name } of columns) {
    const { rowCount } = await db.query(
      `select from "${table_name}" where "${column_name}"::text ~ 'v1\\.[0-9a-f]{8}\\.'`,
    );
    if (rowCount) found.push(`${table_name}.${column_name}`);
  }
  const before = await listSealed(db);
  const listed = before.map(({ table, column }) => `${table}.${column}`);
  t.same(found.sort(), [...new Set(listed)].sort());
  t.match(found, ['servers.password', 'servers.private_key', 'setting_secrets.sealed']);

  const ring = services.secrets;
  const texts = before.map(({ sealed, place }) => open(ring, sealed, place));
  const { DATA_DIR } = services.settings;
  const run = await adminFor({ DATABASE_URL: databaseUrl, DATA_DIR })(['rotate-secrets', '--json']);
  t.match(JSON.parse(run.stdout), { resealed: before.length, dropped: [ring.current] });
  const after = await listSealed(db);
  t.same(
    after.map(({ sealed, place }) => open(ring, sealed, place)),
    texts,
    'the gateway that was there before reads all of it',
  );
  t.equal(new Set(after.map(({ sealed }) => keyIdOf(sealed))).size, 1);
});

t.test('who is sealing is waited for, so that the old key is not dropped under them', async (t) => {
  const { db, url: DATABASE_URL } = await createTestDatabase(t);
  const DATA_DIR = await temporaryFolder(t);
  const old = await loadSecretKey({ DATA_DIR });
  const sealed = seal(old, 'one', place('1'));
  const rotation = await db.transaction(async (tx) => {
    await holdSecretKey(tx);
    const running = adminFor({ DATABASE_URL, DATA_DIR })(['rotate-secrets', '--json']);
    await until(async () => {
      const { rowCount } = await db.query(
        `select from pg_locks where locktype = 'advisory' and mode = 'ExclusiveLock' and not granted`,
      );
      return rowCount === 1;
    });
    await tx.query(
      `insert into servers (id, display_name, address, port, protocol, username, password, default_path, host_keys,
         created_by, modified_by) values ('1', '1', '192.0.2.1', 22, 'SFTP', 'u', $1, '', '{}', 'test', 'test')`,
      [sealed],
    );
    return { running };
  });
  const { code, stdout } = await rotation.running;
  t.equal(code, 0);
  t.match(JSON.parse(stdout), { resealed: 1, dropped: [old.current] });
  const ring = await loadSecretKey({ DATA_DIR });
  t.equal(open(ring, (await listSealed(db))[0]!.sealed, place('1')), 'one');
});

t.test('an interrupted rotation is finished by the next', async (t) => {
  const { db, url: DATABASE_URL } = await createTestDatabase(t);
  const DATA_DIR = await temporaryFolder(t);
  const admin = adminFor({ DATABASE_URL, DATA_DIR });
  const keyFile = join(DATA_DIR, 'secret.key');
  const old = await loadSecretKey({ DATA_DIR });
  await addServer(db, '1', seal(old, 'one', place('1')));
  await addServer(db, '2', seal(old, 'two', place('2')));
  await addServer(db, '3', null);
  // As it lies there when it is killed between the file and the database.
  const fresh = randomBytes(32).toString('base64');
  await writeFile(keyFile, `${fresh}\n${await readFile(keyFile, 'utf8')}`);
  await db.query('update servers set password = $1 where id = $2', [
    seal(await loadSecretKey({ DATA_DIR }), 'two', place('2')),
    '2',
  ]);
  const run = await admin(['rotate-secrets', '--json']);
  const ring = await loadSecretKey({ DATA_DIR });
  t.same(JSON.parse(run.stdout), { key: ring.current, made: false, resealed: 1, dropped: [old.current] });
  t.equal(await readFile(keyFile, 'utf8'), `${fresh}\n`);
  for (const [id, password] of [
    ['1', 'one'],
    ['2', 'two'],
  ] as const) {
    const found = (await listSealed(db)).find((one) => one.id === id);
    t.equal(open(ring, found!.sealed, place(id)), password);
  }
});

t.test('a secret that cannot be opened is named; the old key stays and nothing is lost', async (t) => {
  const { db, url: DATABASE_URL } = await createTestDatabase(t);
  const DATA_DIR = await temporaryFolder(t);
  const admin = adminFor({ DATABASE_URL, DATA_DIR });
  const old = await loadSecretKey({ DATA_DIR });
  const lost = await loadSecretKey({ SECRET_KEY: randomBytes(32).toString('base64'), DATA_DIR });
  await addServer(db, '1', seal(old, 'one', place('1')));
  await addServer(db, '2', seal(lost, 'two', place('2')));
  for (const _ of [1, 2]) t.match(await admin(['rotate-secrets']), { code: 1, stderr: /secret of server 2/ });
  const both = await loadSecretKey({ DATA_DIR });
  t.same([both.keys.size, both.keys.has(old.current)], [2, true]);
  t.equal(open(both, (await listSealed(db))[0]!.sealed, place('1')), 'one');
  await db.query(`update servers set password = null where id = '2'`);
  t.match(await admin(['rotate-secrets']), { code: 0, stdout: /An earlier rotation is finished/ });
  t.equal((await loadSecretKey({ DATA_DIR })).keys.size, 1);
});

t.test('a DATA_DIR without the key is not that of the services', async (t) => {
  const { url: DATABASE_URL } = await createTestDatabase(t);
  const DATA_DIR = await temporaryFolder(t);
  t.match(await adminFor({ DATABASE_URL, DATA_DIR })(['rotate-secrets']), {
    code: 1,
    stderr: /DATA_DIR must be/,
  });
  t.same(await readdir(DATA_DIR), []);
});

t.test('with SECRET_KEY the operator gives the new key', async (t) => {
  const { db, url: DATABASE_URL } = await createTestDatabase(t);
  const DATA_DIR = await temporaryFolder(t);
  const [one, two] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')];
  await addServer(db, '1', seal(await loadSecretKey({ SECRET_KEY: one, DATA_DIR }), 'one', place('1')));
  const run = (env: NodeJS.ProcessEnv) =>
    adminFor({ DATABASE_URL, DATA_DIR, ...env })(['rotate-secrets', '--json']);
  const nothing = await run({ SECRET_KEY: one });
  t.match(nothing, { code: 1, stderr: /SECRET_KEY_OLD/ });
  t.match(JSON.parse(nothing.stderr), { error: { code: 'secret_key_given' } });
  t.match(await run({ SECRET_KEY: two }), { code: 1, stderr: /secret_unreadable/ });
  t.match(await run({ SECRET_KEY: two, SECRET_KEY_OLD: 'short' }), { code: 2, stderr: /SECRET_KEY_OLD/ });
  const done = await run({ SECRET_KEY: two, SECRET_KEY_OLD: one });
  t.match(JSON.parse(done.stdout), { resealed: 1, made: false });
  const ring = await loadSecretKey({ SECRET_KEY: two, DATA_DIR });
  t.equal(open(ring, (await listSealed(db))[0]!.sealed, place('1')), 'one');
  t.match(await run({ SECRET_KEY: two, SECRET_KEY_OLD: one }), { code: 0 }, 'again, to be sure');
  t.same(await readdir(DATA_DIR), []);
});
