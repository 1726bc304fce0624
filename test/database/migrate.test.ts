/** Migrations: once however many services start, nothing the second time, nothing half done. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { migrate } from '@osimage/database';
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

t.test('a migration may come later than one with a higher number', async (t) => {
  const { url, db } = await createTestDatabase(t);
  // As if the last one had been applied by an earlier version than all others.
  await db.query(`update migrations set run_on = run_on - interval '1 day' where name = $1`, [files.at(-1)]);
  t.same(await migrate(url), []);
});
