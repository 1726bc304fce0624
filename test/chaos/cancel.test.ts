/**
 * Jobs of every kind are cancelled at every named step, over REST at a gateway that did not accept them and over gRPC at a
 * packager that does not run them: each has one end, and nothing of what was cancelled is left.
 */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Database, findJobs, type JobRow } from '@osimage/database';
import { connectPackager } from '@osimage/packaging-api';
import t from 'tap';
import type { Step } from '../../services/packager/steps.ts';
import { RestClient } from '../support/client.ts';
import { adminPassword, adminUser } from '../support/services.ts';
import { until } from '../support/until.ts';
import { makeInstallation, steps } from './installation.ts';
import { strayFiles, wrongDelivery, wrongFiles, wrongRows } from './invariants.ts';
import { kinds, type StartedJob } from './job-kinds.ts';

interface CancelledJob extends StartedJob {
  readonly step: Step;
  /** For messages. */
  readonly what: string;
  /** As it was right after the cancel, or after what the cancel waited for. */
  readonly row: JobRow;
}

async function rowOf(db: Database, id: string): Promise<JobRow> {
  return (await findJobs(db, [id]))[0]!;
}

async function namesIn(folder: string): Promise<string[]> {
  return existsSync(folder) ? (await readdir(folder)).sort() : [];
}

/** Waits until a cancel waits for the row of a job. Its worker's report of progress may be waiting for that too. */
async function aCancelWaits(db: Database): Promise<void> {
  await until(async () => {
    const waiting = await db.query(
      `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
         and query like '%cancelled_by = $2%'`,
    );
    return waiting.rowCount === 1;
  });
}

t.test('cancelled at every step', async (t) => {
  const installation = await makeInstallation(t);
  if (!installation) return;
  const { db, dataDir, holds, packagers } = installation;
  const store = { root: join(dataDir, 'store') };
  await installation.startSuccessor(holds.env);
  const other = await installation.addGateway();
  const rest = new RestClient(other.url, adminUser, adminPassword);
  const grpc = packagers.map(({ pid, address }) => ({ pid, client: connectPackager(address) }));
  t.teardown(() => {
    for (const { client } of grpc) client.close();
  });
  const cancelBy = {
    async REST(ids: readonly string[]) {
      await rest.ok('PUT', '/tasks', { action: 'cancel', list: ids });
    },
    async gRPC(ids: readonly string[]) {
      const worker = (await rowOf(db, ids[0]!)).attempts.at(-1)?.worker ?? '';
      const elsewhere = grpc.find(({ pid }) => !worker.endsWith(`/${pid}`));
      await elsewhere!.client.cancelJobs({ ids: [...ids] }, { user: 'robot' });
    },
  };

  const jobs: CancelledJob[] = [];
  for (const way of ['REST', 'gRPC'] as const) {
    for (const [kind, step] of kinds.flatMap((kind) => steps[kind].map((step) => [kind, step] as const))) {
      const what = `${kind}, cancelled at ${step} over ${way}`;
      const job = await installation.startAt(kind, step);
      const before = await rowOf(db, job.id);
      const asked = cancelBy[way]([job.id]);
      if (step === 'before-commit') {
        // The transaction that ends the job has its row; the cancel comes after that.
        await aCancelWaits(db);
        await holds.release(job.id);
        await asked;
      }
      await asked;
      const row = await rowOf(db, job.id);
      if (step === 'before-commit') t.match(row, { state: 'Complete', error: null }, what);
      else if (step === 'after-commit') t.strictSame(row, before, `${what}: it stays finished`);
      else t.match(row, { state: 'Cancelled', percent: 100, error: { code: 'cancelled' } }, what);
      await holds.release(job.id);
      jobs.push({ ...job, step, what, row });
    }
  }

  const left = async () => {
    const slots = await db.query<{ id: string }>('select id::text from jobs where slot is not null');
    const folders = jobs.filter(({ folder }) => folder !== '').map(({ folder }) => namesIn(folder));
    return [
      ...(await wrongRows(db)),
      ...(await strayFiles(db, store)),
      ...slots.rows.map(({ id }) => `job ${id} holds a slot`),
      ...(await Promise.all(folders)).flat().filter((name) => name.startsWith('.')),
    ];
  };
  await until(async () => (await left()).length === 0).catch(() => {});
  t.strictSame(await left(), [], 'nobody has to come and clean up');

  const whole = jobs.find(({ kind, step }) => kind === 'remote export' && step === 'after-commit')!.row;
  for (const { id, kind, step, what, folder, row } of jobs) {
    const now = await rowOf(db, id);
    t.strictSame({ ...now, notes: [] }, { ...row, notes: [] }, `${what}: its end is final`);
    if (kind !== 'remote export') continue;
    const names = await namesIn(folder);
    const filename = names[0] ?? '';
    if (row.state === 'Complete') t.strictSame(await wrongDelivery(folder, row), [], what);
    else if (step === 'after-publish') {
      t.strictSame(await wrongDelivery(folder, { ...whole, filename }), [], `${what}: it came too late`);
      t.match(now.notes, [join(folder, filename)], 'and the job says where the archive lies');
    } else t.strictSame(names, [], `${what}: nothing is left there`);
  }

  const ids = jobs.map(({ id }) => id);
  const rows = await findJobs(db, ids);
  await cancelBy.REST(ids);
  await cancelBy.gRPC(ids);
  t.strictSame(await findJobs(db, ids), rows, 'once more changes nothing');
  t.strictSame(await wrongFiles(db, store), []);
  t.strictSame(await installation.violations(), []);
});
