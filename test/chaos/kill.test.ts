/** A packager is killed while jobs of every kind are at every named step: another one ends each of them, once. */
import { join } from 'node:path';
import { findJobs } from '@osimage/database';
import t from 'tap';
import { until } from '../support/until.ts';
import { makeInstallation } from './installation.ts';
import { whoseItWas, wrongDelivery, wrongFiles, wrongRows } from './invariants.ts';

t.test('kill -9 at every step', async (t) => {
  const installation = await makeInstallation(t);
  if (!installation) return;
  const { db, dataDir, packagers } = installation;
  const jobs = await installation.startHeld();
  const ids = jobs.map(({ id }) => id);
  await installation.startSuccessor();
  const [victim, successor] = packagers;
  await victim!.kill('SIGKILL');
  const killed = Date.now();

  const allEnded = async () => (await findJobs(db, ids)).every((job) => job.ended_at !== null);
  await until(allEnded);
  const rows = await findJobs(db, ids);
  const taken = rows.flatMap((row) => row.attempts.filter(({ attempt }) => attempt === 2));
  const seconds = taken.map(({ started_at }) => (started_at.getTime() - killed) / 1000);
  t.comment(`taken over after ${Math.min(...seconds)} to ${Math.max(...seconds)} s`);

  for (const [index, { kind, step, folder }] of jobs.entries()) {
    const row = rows[index]!;
    const what = `${kind}, killed at ${step}`;
    t.match(row, { state: 'Complete', percent: 100, error: null }, what);
    const last = step === 'after-commit' ? victim : successor;
    t.strictSame(whoseItWas(row, victim!.pid), String(last!.pid), `${what}: whose it was`);
    if (folder !== '') t.strictSame(await wrongDelivery(folder, row), [], what);
  }
  const exported = rows.filter(({ kind }) => kind === 'export').map(({ sha256 }) => sha256);
  t.equal(new Set(exported).size, 1, 'and every export is the same bytes');
  await until(async () => (await wrongRows(db)).length === 0).catch(() => {});
  t.strictSame(await wrongRows(db), []);
  t.strictSame(await wrongFiles(db, { root: join(dataDir, 'store') }), []);
  t.strictSame(await installation.violations(), []);
});
