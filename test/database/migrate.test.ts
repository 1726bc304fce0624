/** Migrations: once however many services start, nothing the second time, nothing half done. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { migrate, openDatabase } from '@osimage/database';
import t from 'tap';
import { createEmptyDatabase, createTestDatabase } from '../support/database.ts';

const files = readdirSync(join(import.meta.dirname, '../../packages/database/migrations'))
  .filter((name) => name.endsWith('.sql'))
  .map((name) => name.replace(/\.sql$/, ''))
  .sort();

t.test('services that start at once apply each migration once', async (t) => {
  const url = await createEmptyDatabase(t);
  const applied = await Promise.all([migrate(url), migrate(url), migrate(url)]);
  t.same(applied.flat().sort(), files);
  t.equal(applied.filter((names) => names.length > 0).length, 1, 'one of them did it all');
});

t.test('a later start finds nothing to do and changes nothing', async (t) => {
  const { url, db } = await createTestDatabase(t);
  const schema = async () =>
    (
      await db.query(`
        select table_name, column_name, data_type, is_nullable, column_default
        from information_schema.columns where table_schema = 'public' order by 1, 2`)
    ).rows;
  const before = await schema();
  t.ok(before.length > 20);
  t.same(await migrate(url), []);
  t.same(await schema(), before);
});

t.test('an installation has one identity', async (t) => {
  const { db } = await createTestDatabase(t);
  const { rows } = await db.query<{ uuid: string }>('select uuid from installation');
  t.equal(rows.length, 1);
  await t.rejects(db.query('insert into installation default values'), { code: '23505' });
});

t.test('the address may be a database that is away', async (t) => {
  const url = await createEmptyDatabase(t);
  const away = new URL(url);
  away.searchParams.set('host', '/nonexistent');
  await t.rejects(migrate(away.href), { code: 'ENOENT' });
});

t.test('openDatabase rolls back a transaction that throws', async (t) => {
  const { url } = await createTestDatabase(t);
  const db = openDatabase(url, { max: 1 });
  t.teardown(() => db.close());
  await t.rejects(
    db.transaction(async (tx) => {
      await tx.query(`insert into object_ids (id, kind) values ('a', 'file')`);
      throw new Error('no');
    }),
    { message: 'no' },
  );
  const { rows } = await db.query<{ n: number }>('select count(*) as n from object_ids');
  t.equal(rows[0]?.n, 0);
});

t.test('listen hears what other connections say, and hears again after its connection was cut', async (t) => {
  const { db } = await createTestDatabase(t);
  const heard: string[] = [];
  let waiting = Promise.withResolvers<void>();
  const connected: (() => void)[] = [];
  const reconnected = Promise.withResolvers<void>();
  const stop = await db.listen(
    'test',
    (payload) => {
      heard.push(payload);
      waiting.resolve();
    },
    () => {
      connected.push(() => {});
      if (connected.length === 2) reconnected.resolve();
    },
  );
  t.teardown(stop);
  await db.query(`select pg_notify('test', 'one')`);
  await waiting.promise;
  waiting = Promise.withResolvers<void>();
  await db.query(`
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and query like 'listen%'`);
  await reconnected.promise;
  await db.query(`select pg_notify('test', 'two')`);
  await waiting.promise;
  t.same(heard, ['one', 'two']);
});
