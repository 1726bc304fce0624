/** The embedded PostgreSQL: kept, stopped with whoever started it, and never run twice on one folder. */
import { readFileSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedDatabaseError, openDatabase, removeEmbedded, startEmbedded } from '@osimage/database';
import t, { type Test } from 'tap';
import { isAlive, runProgram } from '../support/program.ts';
import { until } from '../support/until.ts';

const program = join(import.meta.dirname, 'start-embedded.ts');

/** A data folder that the account PostgreSQL runs as can go through. */
async function dataFolder(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'osimage-embedded-'));
  await chmod(folder, 0o711);
  t.teardown(async () => {
    await removeEmbedded(folder);
    await rm(folder, { recursive: true, force: true });
  });
  return folder;
}

const clusterOf = (folder: string) => join(folder, 'postgres/cluster');
const postmasterOf = (folder: string) =>
  Number.parseInt(readFileSync(join(clusterOf(folder), 'postmaster.pid'), 'utf8'), 10);

async function query(url: string, text: string): Promise<unknown[]> {
  const db = openDatabase(url, { max: 1 });
  try {
    return (await db.query(text)).rows;
  } finally {
    await db.close();
  }
}

t.test('one data folder through its life', async (t) => {
  const folder = await dataFolder(t);
  const first = await startEmbedded({ dataDir: folder });
  t.teardown(() => first.stop());
  await query(first.url, 'create table kept as select 42 as answer');

  await t.test('it listens on no port and is UTF-8 without a locale of the machine', async (t) => {
    t.same(await query(first.url, 'show listen_addresses'), [{ listen_addresses: '' }]);
    t.same(await query(first.url, 'show fsync'), [{ fsync: 'on' }]);
    t.same(await query(first.url, 'show server_encoding'), [{ server_encoding: 'UTF8' }]);
    t.same(await query(first.url, `select 'Ä' < 'a' as below, lower('Ä') as small`), [
      { below: false, small: 'ä' },
    ]);
  });

  await t.test('a second start on the folder refuses in one line', async (t) => {
    const second = runProgram(t, program, { args: [folder] });
    t.equal(await second.ended(), 1);
    t.equal(
      second.errors(),
      `${folder} is in use by another running start; stop that one or give another DATA_DIR\n`,
    );
    t.same(await query(first.url, 'select answer from kept'), [{ answer: 42 }], 'and does no harm');
  });

  await t.test('a server process that is killed is started again under the same address', async (t) => {
    const postmaster = postmasterOf(folder);
    process.kill(postmaster, 'SIGKILL');
    await until(() => !isAlive(postmaster));
    const rows = await until(() => query(first.url, 'select answer from kept').catch(() => undefined));
    t.same(rows, [{ answer: 42 }]);
    t.not(postmasterOf(folder), postmaster);
  });

  await t.test('stop ends it cleanly', async (t) => {
    const postmaster = postmasterOf(folder);
    await first.stop();
    t.notOk(isAlive(postmaster));
    t.notOk(isAlive(first.keeperPid));
    t.match(await readFile(join(folder, 'postgres/postgres.log'), 'utf8'), /database system is shut down\n$/);
  });

  await t.test('the next start finds what was written, under the same address', async (t) => {
    const again = runProgram(t, program, { args: [folder] });
    const said = JSON.parse(await again.line());
    t.equal(said.url, first.url);
    t.same(await query(said.url, 'select answer from kept'), [{ answer: 42 }]);
    const postmaster = postmasterOf(folder);

    again.child.kill('SIGKILL');
    await until(() => !isAlive(said.keeperPid));
    t.notOk(isAlive(postmaster), 'a killed parent leaves nothing running');
    t.match(await readFile(join(folder, 'postgres/postgres.log'), 'utf8'), /database system is shut down\n$/);
  });

  await t.test('a start right after its predecessor was killed waits for the end of that one', async (t) => {
    const one = runProgram(t, program, { args: [folder] });
    await one.line();
    one.child.kill('SIGKILL');
    await one.ended();
    const two = runProgram(t, program, { args: [folder] });
    t.same(await query(JSON.parse(await two.line()).url, 'select answer from kept'), [{ answer: 42 }]);
    two.child.stdin?.end();
    t.equal(await two.ended(), 0);
  });

  await t.test('a server that outlived its keeper is stopped by the next start', async (t) => {
    const one = runProgram(t, program, { args: [folder] });
    const said = JSON.parse(await one.line());
    const postmaster = postmasterOf(folder);
    process.kill(said.keeperPid, 'SIGKILL');
    await until(() => !isAlive(said.keeperPid));
    t.ok(isAlive(postmaster));
    const two = await startEmbedded({ dataDir: folder });
    t.teardown(() => two.stop());
    t.notOk(isAlive(postmaster));
    t.same(await query(two.url, 'select answer from kept'), [{ answer: 42 }]);
    await two.stop();
  });

  await t.test('stop after the keeper was killed still stops the server', async (t) => {
    const embedded = await startEmbedded({ dataDir: folder });
    const postmaster = postmasterOf(folder);
    process.kill(embedded.keeperPid, 'SIGKILL');
    await embedded.exited;
    t.ok(isAlive(postmaster));
    await embedded.stop();
    t.notOk(isAlive(postmaster));
  });

  await t.test('so does a start that is given up at once', async (t) => {
    const embedded = await startEmbedded({ dataDir: folder });
    const postmaster = postmasterOf(folder);
    process.kill(embedded.keeperPid, 'SIGKILL');
    await embedded.exited;
    const giveUp = new AbortController();
    const again = startEmbedded({ dataDir: folder, signal: giveUp.signal });
    giveUp.abort(new Error('enough'));
    await t.rejects(again, { message: 'enough' });
    t.notOk(isAlive(postmaster));
  });

  await t.test('a pid file that names a stranger does not matter', async (t) => {
    await writeFile(join(clusterOf(folder), 'postmaster.pid'), `${process.pid}\n${clusterOf(folder)}\n`);
    const embedded = await startEmbedded({ dataDir: folder });
    t.teardown(() => embedded.stop());
    t.same(await query(embedded.url, 'select answer from kept'), [{ answer: 42 }]);
    await embedded.stop();
  });

  await t.test('a cluster of another major is refused in one line', async (t) => {
    await writeFile(join(clusterOf(folder), 'PG_VERSION'), '17\n');
    const error = await startEmbedded({ dataDir: folder }).catch((caught: Error) => caught);
    t.type(error, EmbeddedDatabaseError);
    t.match(error, { message: /made by PostgreSQL 17 and this is PostgreSQL 18/ });
    t.notMatch(error, { message: /\n/ });
  });
});

t.test('a path too long for a socket, an interrupted first start, and giving up', async (t) => {
  const folder = join(await dataFolder(t), 'a'.repeat(120));

  const giveUp = new AbortController();
  const starting = startEmbedded({ dataDir: folder, durable: false, signal: giveUp.signal });
  await until(() => readFile(join(folder, 'postgres/cluster.new/PG_VERSION')).catch(() => false));
  giveUp.abort(new Error('enough'));
  await t.rejects(starting, { message: 'enough' });

  const embedded = await startEmbedded({ dataDir: folder, durable: false, temporary: true });
  t.teardown(() => embedded.stop());
  t.same(await query(embedded.url, 'select 1 as one'), [{ one: 1 }]);
  const sockets = new URL(embedded.url).searchParams.get('host') ?? '';
  t.notMatch(sockets, /aaaa/);
  await embedded.stop();
  await t.rejects(
    readFile(join(folder, 'postgres/cluster/PG_VERSION')),
    { code: 'ENOENT' },
    'a temporary one is removed',
  );
  await t.rejects(readFile(sockets), { code: 'ENOENT' }, 'with its sockets');
});
