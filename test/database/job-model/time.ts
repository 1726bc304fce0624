/** Commands of the sweeper and of time, which is moved by changing rows. */
import { deepStrictEqual } from 'node:assert/strict';
import { interruptImports } from '@osimage/database';
import { Problem } from '@osimage/errors';
import fc from 'fast-check';
import { enqueueAgain } from '../../../services/packager/jobs/enqueue-again.ts';
import { callAll } from '../../../services/packager/jobs/slots.ts';
import { command, isImport, pick } from './command.ts';
import { callNext, end, isCurrent, isOver } from './model.ts';
import { takeEntries } from './system.ts';

const any = fc.nat(1_000);

const sweep = any.map((number) =>
  command(`entry ${number} is found to be gone`, async (model, system) => {
    const entry = model.entries[number % model.entries.length];
    if (!entry) return;
    const { context, db } = system;
    const { job, queueId } = entry;
    deepStrictEqual(
      await db.transaction((tx) => enqueueAgain(context, tx, job.id, queueId)),
      isCurrent(entry),
    );
    takeEntries(model, system, isCurrent(entry) ? [job] : []);
  }),
);

const call = fc.constant(
  command('whoever can be called is called', async (model, system) => {
    await callAll(system.context);
    takeEntries(
      model,
      system,
      callNext(
        model,
        model.jobs.map(({ server }) => server),
      ),
    );
  }),
);

const leaseRunsOut = any.map((number) =>
  command(`the lease of import ${number} runs out`, async (model, { db }) => {
    const job = pick(model.jobs, isImport, number);
    if (!job) return;
    await db.query(
      `update jobs set lease_until = now() - interval '1 second' where id = $1 and lease_until is not null`,
      [job.id],
    );
    job.leaseOver = !job.fed;
  }),
);

const interrupt = fc.constant(
  command('imports that were never fed end', async (model, { db }) => {
    const late = model.jobs.filter((job) => !job.deleted && job.leaseOver && !job.fed);
    const ended = await db.transaction((tx) => interruptImports(tx, new Problem('never_fed')));
    deepStrictEqual(ended.sort(), late.map(({ id }) => id).sort());
    for (const job of late) {
      job.fed = true;
      end(job, 'Interrupted', 'never_fed');
    }
  }),
);

const timePasses = any.map((number) =>
  command(`job ${number} ended long ago`, async (model, { db, ends }) => {
    const job = pick(model.jobs, isOver, number);
    if (!job) return;
    await db.query(`update jobs set ended_at = ended_at - interval '11 seconds' where id = $1`, [job.id]);
    job.longOver = true;
    ends.delete(job.id);
  }),
);

export const time = [sweep, call, leaseRunsOut, interrupt, timePasses];
