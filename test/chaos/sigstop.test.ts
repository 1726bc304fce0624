/**
 * A packager stands still (SIGSTOP) while jobs of every kind are at every named step, and wakes up when they are somebody
 * else's, or done by somebody else: it publishes nothing, reports nothing and removes nothing.
 */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { findJobs } from '@osimage/database';
import t from 'tap';
import { until } from '../support/until.ts';
import { makeHolds } from './holds.ts';
import { makeInstallation } from './installation.ts';
import { whoseItWas, wrongDelivery, wrongFiles, wrongRows } from './invariants.ts';

t.test('SIGSTOP at every step', async (t) => {
  const installation = await makeInstallation(t);
  if (!installation) return;
  const { db, dataDir, packagers, holds } = installation;
  const jobs = await installation.startHeld(2);
  const laterHolds = await makeHolds(t);
  // Of each pair one is held again, in its middle, by the successor; the other one it ends.
  const open = jobs.filter(({ copy, step }) => copy === 0 && step !== 'after-commit');
  for (const { id } of open) await laterHolds.at(id, 'middle');
  const done = jobs.filter((job) => !open.includes(job));
  await installation.startSuccessor(laterHolds.env);
  const [zombie, successor] = packagers;
  process.kill(zombie!.pid, 'SIGSTOP');

  const rowsOf = (some: typeof jobs) =>
    findJobs(
      db,
      some.map(({ id }) => id),
    );
  await laterHolds.held(open.map(({ id }) => id));
  await until(async () => (await rowsOf(done)).every((job) => job.ended_at !== null));
  // Its successor's own reports come a little after what they tell.
  await until(async () => (await rowsOf(open)).every(({ step }) => step !== 'starting'));
  const before = { done: await rowsOf(done), open: await rowsOf(open) };
  await holds.go();
  process.kill(zombie!.pid, 'SIGCONT');
  // It drains: every attempt it has goes on to its end, which is not the job's.
  await zombie!.kill('SIGTERM');
  t.strictSame({ done: await rowsOf(done), open: await rowsOf(open) }, before, 'it changed no row');
  for (const { kind, folder, step } of open) {
    if (kind !== 'remote export') continue;
    const names = await readdir(folder);
    // What was published before it stood still is found by its successor, which then sends nothing.
    if (step === 'after-publish' || step === 'before-commit') continue;
    t.ok(
      names.some((name) => /-2\.part$/.test(name)),
      `what its successor sends is still there: ${step}`,
    );
    t.notOk(
      names.some((name) => name.endsWith('.gz')),
      'and nothing is published',
    );
  }
  for (const { id, kind } of open.filter(({ kind }) => kind === 'local export'))
    t.strictSame(await readdir(join(dataDir, 'store/exports', id)), ['2'], `${kind}: only its successor's`);
  for (const { id, kind } of open.filter(({ kind }) => kind === 'upload'))
    t.ok(existsSync(join(dataDir, 'store/staging', id)), `${kind}: the file is still there`);

  await laterHolds.go();
  await until(async () => (await rowsOf(open)).every((job) => job.ended_at !== null));
  const rows = await rowsOf(jobs);
  for (const [index, { kind, step, folder, copy }] of jobs.entries()) {
    const row = rows[index]!;
    const what = `${kind}, stopped at ${step}, woken ${copy === 0 ? 'before' : 'after'} its end`;
    t.match(row, { state: 'Complete', percent: 100, error: null }, what);
    const last = step === 'after-commit' ? zombie : successor;
    t.strictSame(whoseItWas(row, zombie!.pid), String(last!.pid), `${what}: whose it was`);
    if (folder !== '') t.strictSame(await wrongDelivery(folder, row), [], what);
  }
  await until(async () => (await wrongRows(db)).length === 0).catch(() => {});
  t.strictSame(await wrongRows(db), []);
  t.strictSame(await wrongFiles(db, { root: join(dataDir, 'store') }), []);
  t.strictSame(await installation.violations(), []);
});
