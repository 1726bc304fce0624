/** Which archives a retention rule lets go, and how they go: over the sweeper, the command line and REST. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applyRetention, openStore } from '@osimage/blob-store';
import { type Database, findExpired, listAudit, protectArchive, type RetentionRule } from '@osimage/database';
import t, { type Test } from 'tap';
import type { PackagerContext } from '../../services/packager/context.ts';
import { sweepArchives } from '../../services/packager/jobs/sweep.ts';
import { adminFor } from '../support/admin.ts';
import { createTestDatabase } from '../support/database.ts';
import { createTestGateway } from '../support/gateway.ts';
import { addArchive } from '../support/image-rows.ts';

const web = 'rhels9.4|rhels9.4-x86_64-install-web';
const mail = 'rhels9.4|rhels9.4-x86_64-install-mail';

async function temporaryRoot(t: Test): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'osimage-retention-'));
  t.teardown(() => rm(root, { recursive: true }));
  return root;
}

/** An archive of `size` bytes that is `days` old. */
async function put(
  db: Database,
  root: string,
  name: string,
  { days = 0, size = 1, profile = web, isProtected = false } = {},
): Promise<string> {
  await addArchive(db, root, name, Buffer.alloc(size, name));
  await db.query(
    `update archives set created_at = now() - $2 * interval '1 day', profile_id = $3, protected = $4 where id = $1`,
    [name, days, profile, isProtected],
  );
  return name;
}

t.test('what goes', async (t) => {
  const { db } = await createTestDatabase(t);
  const root = await temporaryRoot(t);
  const name = (text: string) => `${text}.tar.gz`;
  await put(db, root, name('w1'), { days: 1, size: 100 });
  await put(db, root, name('w2'), { days: 2, size: 100 });
  await put(db, root, name('w9'), { days: 9, size: 100 });
  await put(db, root, name('w8-kept'), { days: 8, size: 100, isProtected: true });
  await put(db, root, name('m3'), { days: 3, size: 100, profile: mail });
  await put(db, root, name('m7'), { days: 7, size: 100, profile: mail });
  const gone = async (rule: RetentionRule) =>
    (await findExpired(db, rule)).map((archive) => `${archive.name.replace('.tar.gz', '')} ${archive.why}`);

  t.strictSame(await gone({}), [], 'without a rule archives are kept');
  t.strictSame(await gone({ days: 10 }), []);
  t.strictSame(await gone({ days: 5 }), ['w9 age', 'm7 age'], 'too old');
  t.strictSame(
    await gone({ perProfile: 1 }),
    ['w9 count', 'm7 count', 'w2 count'],
    'too many of one profile',
  );
  t.strictSame(await gone({ perProfile: 2 }), ['w9 count'], 'a protected one is not counted');
  t.strictSame(await gone({ bytes: 600 }), [], 'all fit');
  t.strictSame(await gone({ bytes: 599 }), ['w9 bytes']);
  t.strictSame(await gone({ bytes: 350 }), ['w9 bytes', 'm7 bytes', 'm3 bytes'], 'what is protected counts');
  t.strictSame(
    await gone({ bytes: 1 }),
    ['w9', 'm7', 'm3', 'w2', 'w1'].map((one) => `${one} bytes`),
  );
  t.strictSame(
    await gone({ days: 8, perProfile: 1, bytes: 250 }),
    ['w9 age', 'm7 count', 'm3 bytes', 'w2 count'],
    'each limit counts by itself; bytes are those of what the others leave',
  );
});

t.test('the packager does it, and says so', async (t) => {
  const { db } = await createTestDatabase(t);
  const root = await temporaryRoot(t);
  const store = await openStore(root, { reserveBytes: 0, retention: { days: 30 } });
  await put(db, root, 'old.tar.gz', { days: 31, size: 5 });
  await put(db, root, 'kept.tar.gz', { days: 31, isProtected: true });
  await put(db, root, 'new.tar.gz', { days: 29 });
  const told: unknown[] = [];
  const log = { info: (entry: unknown) => told.push(entry), warn: (entry: unknown) => told.push(entry) };
  const context = { db, store, log } as unknown as PackagerContext;
  const { signal } = new AbortController();
  await Promise.all([sweepArchives(context, signal), sweepArchives(context, signal)]);
  t.strictSame(told, [{ archive: 'old.tar.gz', size: 5, why: 'age' }], 'once, also with two packagers');
  const names = await readdir(join(root, 'exports'), { recursive: true });
  t.strictSame(
    names
      .filter((name) => name.endsWith('.gz'))
      .map((name) => name.split('/').at(-1))
      .sort(),
    ['kept.tar.gz', 'new.tar.gz'],
  );
  t.match(await listAudit(db, { limit: 5 }), [
    {
      source: 'service',
      user_name: 'retention',
      action: 'archive.expire',
      objects: ['old.tar.gz'],
      outcome: 'success',
      detail: 'older than 30 days',
    },
  ]);
});

t.test('an archive that is protected in the last moment stays', async (t) => {
  const { db } = await createTestDatabase(t);
  const root = await temporaryRoot(t);
  const store = await openStore(root, { reserveBytes: 0, retention: { days: 1 } });
  await put(db, root, 'a.tar.gz', { days: 2 });
  await put(db, root, 'b.tar.gz', { days: 3 });
  // Found by the rule, then protected before it is marked: the query between the two is made to wait.
  const between: Database = {
    ...db,
    transaction: async (work) => {
      await protectArchive(db, 'a.tar.gz', true);
      return await db.transaction(work);
    },
  };
  const author = { source: 'service', user: 'retention' } as const;
  const gone = await applyRetention(between, store, author, (error) => t.fail(String(error)));
  t.match(gone, [{ name: 'b.tar.gz' }]);
  t.equal(gone.length, 1);
});

t.test('over REST and the command line', async (t) => {
  const gateway = await createTestGateway(t, { env: { RETAIN_ARCHIVES_PER_PROFILE: '1' } });
  const { app, db, headers, services, databaseUrl, addUser } = gateway;
  const { storeRoot, settings } = services;
  const admin = adminFor({
    DATABASE_URL: databaseUrl,
    DATA_DIR: settings.DATA_DIR,
    RETAIN_ARCHIVES_PER_PROFILE: '1',
  });
  const add = (name: string, days: number, size = 1) => put(db, storeRoot, name, { days, size });
  await add('1.tar.gz', 1);
  await add('2.tar.gz', 2);
  const large = 64 * 1024 * 1024;
  await add('3.tar.gz', 3, large);
  const change = async (name: string, payload: object, more: Record<string, string> = {}, query = '') => {
    const url = `/osImages/${name}${query}`;
    const answer = await app.inject({ method: 'PUT', url, headers: { ...headers, ...more }, payload });
    return { code: answer.statusCode, etag: answer.headers.etag, text: answer.body };
  };
  const shown = async () => {
    const answer = await app.inject({ url: '/osImages', headers });
    const { exportFiles } = answer.json<{ exportFiles: { name: string; protected: boolean }[] }>();
    return exportFiles.map((archive) => [archive.name, archive.protected]);
  };

  await t.test('protecting', async (t) => {
    const done = await change('2.tar.gz', { protected: true });
    t.match(done, { code: 200, etag: /^"[0-9a-f]{64}"$/ });
    t.strictSame(await shown(), [
      ['1.tar.gz', false],
      ['2.tar.gz', true],
      ['3.tar.gz', false],
    ]);
    t.match(await listAudit(db, { limit: 1 }), [{ action: 'archive.protect', objects: ['2.tar.gz'] }]);
    t.match(await change('2.tar.gz', { protected: true }, { 'if-match': done.etag ?? '' }), { code: 200 });
    t.match(await change('2.tar.gz', { protected: false }, { 'if-match': '"other"' }), { code: 412 });
    for (const [name, payload, query, code] of [
      ['none.tar.gz', { protected: true }, '', 404],
      ['rhels9.4', { protected: true }, '', 404],
      ['2.tar.gz', { protected: 'yes' }, '', 400],
      ['2.tar.gz', { protected: null }, '', 400],
      ['2.tar.gz', {}, '', 400],
      ['2.tar.gz', { protected: false, profile: { name: 'x' } }, '', 400],
      ['2.tar.gz', { protected: false }, '?imageType=SCRIPT', 400],
    ] as const)
      t.match(await change(name, payload, {}, query), { code }, `${name} ${JSON.stringify(payload)}${query}`);
    const operator = await addUser('olga', 'lxc-operator');
    t.match(await change('2.tar.gz', { protected: false }, operator), { code: 403 });
    t.strictSame((await shown())[1], ['2.tar.gz', true], 'nothing of it changed anything');
  });

  await t.test('a dry run lists what would go and why', async (t) => {
    const run = await admin(['store', 'retention', '--dry-run', '--json']);
    t.match(run, { code: 0, stderr: '' });
    t.match(JSON.parse(run.stdout), {
      dryRun: true,
      rule: { perProfile: 1 },
      archives: [
        { name: '3.tar.gz', size: large, why: 'count', detail: 'not among the newest 1 of its profile' },
      ],
      bytes: large,
    });
    const said = await admin(['store', 'retention', '--dry-run']);
    t.match(
      said.stdout,
      /^3\.tar\.gz {2}67\.1 MB .*not among the newest 1.*\n1 archives, 67\.1 MB, would go\.\n$/,
    );
    t.equal((await shown()).length, 3, 'and changes nothing');
    const usage = await admin(['store', 'usage', '--json']);
    t.match(JSON.parse(usage.stdout), { space: { expired: large, quota: undefined } });
  });

  await t.test('a download that has begun goes on', async (t) => {
    const url = await app.listen({ port: 0, host: '127.0.0.1' });
    const { promise, resolve } = Promise.withResolvers<IncomingMessage>();
    request(`${url}/osImages/3.tar.gz`, { headers }, resolve).end();
    const answer = await promise;
    answer.pause();
    const run = await admin(['store', 'retention', '--json']);
    t.match(JSON.parse(run.stdout), { dryRun: false, archives: [{ name: '3.tar.gz' }], filesLeft: [] });
    let bytes = 0;
    for await (const chunk of answer) bytes += (chunk as Buffer).length;
    t.equal(bytes, large);

    const gone = await app.inject({ url: '/osImages/3.tar.gz', headers });
    t.equal(gone.statusCode, 404);
    t.match(gone.json(), { messages: [/^The archive 3\.tar\.gz is gone: it was expired at \d{4}-/] });
    t.match(await listAudit(db, { action: 'archive.expire', limit: 5 }), [
      { source: 'command line', objects: ['3.tar.gz'], outcome: 'success' },
    ]);
    t.match(await change('3.tar.gz', { protected: true }), { code: 404, text: /was expired at/ });
  });

  await t.test('protecting from the command line', async (t) => {
    t.match(await admin(['store', 'unprotect', '2.tar.gz']), { code: 0, stdout: /not protected any more/ });
    t.strictSame((await shown())[1], ['2.tar.gz', false]);
    t.match(await admin(['store', 'protect', '2.tar.gz', '--json']), {
      stdout: /^\{"archive":\{"name":"2\.tar\.gz","protected":true\}\}\n$/,
    });
    t.match(await admin(['store', 'protect', '3.tar.gz']), { code: 1, stderr: /is gone: it was expired/ });
    t.match(await admin(['store', 'protect', 'none.tar.gz']), { code: 1, stderr: /none\.tar\.gz/ });
    t.match(await admin(['store', 'protect']), { code: 2 });
    t.match(await listAudit(db, { action: 'archive.protect', limit: 1 }), [
      { source: 'command line', objects: ['none.tar.gz'], outcome: 'refused', code: 'not_found' },
    ]);
  });

  await t.test('without a rule it says that archives are kept', async (t) => {
    const plain = adminFor({ DATABASE_URL: databaseUrl, DATA_DIR: settings.DATA_DIR });
    t.match(await plain(['store', 'retention']), { code: 0, stdout: /^0 archives.*archives are kept\.\n$/ });
    t.match(
      await adminFor({ DATABASE_URL: databaseUrl, RETAIN_ARCHIVES_DAYS: '0' })(['store', 'retention']),
      {
        code: 2,
        stderr: /RETAIN_ARCHIVES_DAYS must be a whole number/,
      },
    );
  });
});
