/** The connection to PostgreSQL: transactions, being told, and what happens when it is cut. */
import { migrate, openDatabase } from '@osimage/database';
import t from 'tap';
import { createEmptyDatabase, createTestDatabase } from '../support/database.ts';
import { startProxy } from '../support/proxy.ts';
import { until } from '../support/until.ts';

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

t.test('what runs beside a statement that fails stays in its transaction', async (t) => {
  const { url } = await createTestDatabase(t);
  const db = openDatabase(url, { max: 1 });
  t.teardown(() => db.close());
  const insert = `insert into object_ids (id, kind) values ($1, 'file')`;
  const failed = Promise.withResolvers<void>();
  const late = Promise.withResolvers<unknown>();
  await t.rejects(
    db.transaction(
      (tx) => {
        const beside = tx.query(insert, ['beside']);
        failed.promise.then(() => tx.query(insert, ['late'])).catch(late.resolve);
        return Promise.all([tx.query('select 1 / 0'), beside]);
      },
      { readsFirst: true },
    ),
    { code: '22012' },
  );
  failed.resolve();
  t.match(await late.promise, { message: 'the transaction is over' });
  t.strictSame((await db.query('select id from object_ids')).rows, []);
});

t.test('statements sent together are answered each', async (t) => {
  const { url } = await createTestDatabase(t);
  const db = openDatabase(url, { max: 1 });
  t.teardown(() => db.close());
  const insert = `insert into object_ids (id, kind) values ($1, 'file') on conflict do nothing`;
  const prepared = { prepared: true };
  for (let round = 0; round < 2; round++) {
    const counts = await db.transaction(
      async (tx) => {
        const [{ rows }, first, second] = await Promise.all([
          tx.query<{ n: number }>('select $1::int as n', [round], prepared),
          tx.query(insert, ['a'], prepared),
          tx.query(insert, ['a'], prepared),
        ]);
        return [rows[0]!.n, first.rowCount, second.rowCount];
      },
      { readsFirst: true },
    );
    t.strictSame(counts, round === 0 ? [0, 1, 0] : [1, 0, 0]);
  }
  // A statement that is prepared for the first time behind one that failed is not known to the server.
  const fresh = 'select $1::text as word';
  await t.rejects(
    db.transaction((tx) => Promise.all([tx.query('select 1 / 0'), tx.query(fresh, ['x'], prepared)])),
    { code: '22012' },
  );
  t.strictSame((await db.query(fresh, ['y'], prepared)).rows, [{ word: 'y' }]);
});

t.test('a begin that nobody waits for may fail', async (t) => {
  const { url } = await createTestDatabase(t);
  const folder = new URL(url).searchParams.get('host');
  const proxy = await startProxy(t, `${folder}/.s.PGSQL.5432`);
  const through = new URL(url);
  through.host = `127.0.0.1:${proxy.port}`;
  through.searchParams.delete('host');
  through.searchParams.delete('port');
  const db = openDatabase(through.href, { max: 1 });
  t.teardown(() => db.close());
  await db.query('select 1');
  proxy.freeze();
  const work = db.transaction(
    async () => {
      throw new Error('no');
    },
    { readsFirst: true },
  );
  proxy.drop();
  await t.rejects(work, { message: 'no' });
  t.equal((await db.query('select 1')).rowCount, 1, 'the pool replaces the connection');
});

t.test('a connection cut in the middle of a transaction fails that one and nothing else', async (t) => {
  const { url, db } = await createTestDatabase(t);
  const told: Error[] = [];
  const cut = openDatabase(url, { max: 1, onError: (error) => told.push(error) });
  t.teardown(() => cut.close());
  await t.rejects(
    cut.transaction(async (tx) => {
      const { rows } = await tx.query<{ pid: number }>('select pg_backend_pid() as pid');
      await db.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
      // Told while no query runs, when a listener that is missing would end this process.
      await until(() => told.length > 0);
      await tx.query('select 1');
    }),
  );
  t.match(told[0], { code: '57P01' });
  t.equal((await cut.query('select 1')).rowCount, 1, 'the pool replaces it');
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
