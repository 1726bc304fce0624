/** Commands of callers: what starts jobs, feeds, cancels, deletes and repeats them. */
import { deepStrictEqual, rejects } from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deleteJobs, insertJob } from '@osimage/database';
import fc from 'fast-check';
import { retry } from '../../../services/packager/jobs/retry.ts';
import { beginInLine } from '../../../services/packager/jobs/slots.ts';
import {
  abandonImport,
  createImport,
  renewImport,
  startImport,
} from '../../../services/packager/jobs/start-import.ts';
import { cancel } from '../../../services/packager/jobs/stop-jobs.ts';
import { command, isImport, pick, pickRather } from './command.ts';
import { beginning, callNext, end, isOver, type Model, type ModelJob, newJob } from './model.ts';
import { servers, takeEntries, user } from './system.ts';

const server = fc.constantFrom(...servers);
const any = fc.nat(1_000);
const jobOf = (model: Model, number: number, wanted?: Parameters<typeof pick>[1]) =>
  pick(model.jobs, wanted, number);

export const starts = fc.option(server).map((id) =>
  command(`export to ${id ?? 'the store'}`, async (model, system) => {
    const { context, db } = system;
    const line = beginning(model, id);
    const queueId = randomUUID();
    const jobId = await db.transaction(async (tx) => {
      const begin = id === null ? undefined : await beginInLine(context, tx, id, false);
      const order = { kind: 'export', title: 't', createdBy: user, requestId: '' } as const;
      const made = await insertJob(tx, {
        ...order,
        queueId,
        ...(id !== null && begin && { serverId: id, slotLine: begin.slotLine, step: begin.step }),
      });
      await context.queue.add(tx, queueId, made, begin?.entry);
      return made;
    });
    const job = newJob({ id: jobId, kind: 'export', server: id, line, queueId });
    model.jobs.push(job);
    takeEntries(model, system, [job]);
  }),
);

const startUpload = fc.constant(
  command('import, to be fed', async (model, { context }) => {
    const order = { imageType: 'SCRIPT', fileSize: 0, user, requestId: '' };
    const { jobId } = await createImport(context, order);
    model.jobs.push(newJob({ id: jobId, kind: 'import', fed: false }));
  }),
);

const feed = fc.tuple(any, fc.option(server)).map(([number, from]) =>
  command(`feed import ${number} from ${from ?? 'an upload'}`, async (model, system) => {
    const { context } = system;
    const job = pickRather(model.jobs.filter(isImport), ({ fed }) => !fed, number);
    if (!job) return;
    if (from === null) {
      await mkdir(join(context.store.root, 'staging'), { recursive: true });
      await writeFile(join(context.store.root, 'staging', job.id), '');
    }
    const file = { imageType: 'SCRIPT', name: 'a.sh', os: '', osrelease: '', description: '', size: 0 };
    const order = from === null ? file : { ...file, serverId: from, path: '/a.sh' };
    if (job.fed) {
      await rejects(startImport(context, job.id, order, user), { code: 'job_not_waiting' });
      return takeEntries(model, system, []);
    }
    const line = beginning(model, from);
    await startImport(context, job.id, order, user);
    Object.assign(job, { fed: true, leaseOver: false, server: from, line });
    // What was called right after it began has two entries, of which the later counts.
    takeEntries(model, system, [job, ...callNext(model, [from])]);
  }),
);

const renew = any.map((number) =>
  command(`renew the lease of import ${number}`, async (model, { context }) => {
    const job = jobOf(model, number, isImport);
    if (!job) return;
    deepStrictEqual(await renewImport(context, job.id, 7), !job.fed);
    job.leaseOver = false;
  }),
);

const abandon = any.map((number) =>
  command(`the upload of import ${number} breaks off`, async (model, { context }) => {
    const job = jobOf(model, number, isImport);
    if (!job) return;
    await abandonImport(context, job.id, 7, user);
    if (job.fed) return;
    job.fed = true;
    end(job, 'Interrupted', 'upload_cut_off');
  }),
);

const cancelSome = fc.array(any, { minLength: 1, maxLength: 3 }).map((numbers) =>
  command(`cancel ${numbers}`, async (model, system) => {
    const jobs = [...new Set(numbers.flatMap((number) => jobOf(model, number) ?? []))];
    if (jobs.length === 0) return;
    await cancel(
      system.context,
      jobs.map(({ id }) => id),
      user,
    );
    const cancelled = jobs.filter((job) => !isOver(job));
    for (const job of cancelled) {
      job.fed = true;
      end(job, 'Cancelled', 'cancelled');
    }
    takeEntries(
      model,
      system,
      callNext(
        model,
        cancelled.map((job) => job.server),
      ),
    );
  }),
);

const deleteSome = fc.array(any, { minLength: 1, maxLength: 2 }).map((numbers) =>
  command(`delete ${numbers}`, async (model, { db }) => {
    const jobs = [...new Set(numbers.flatMap((number) => jobOf(model, number) ?? []))];
    const ids = jobs.map(({ id }) => id);
    const all = db.transaction((tx) => deleteJobs(tx, ids));
    if (jobs.some((job) => !isOver(job))) return await rejects(all, { code: 'job_not_finished' });
    await all;
    for (const job of jobs) job.deleted = true;
    for (const job of model.jobs) if (job.retriedAs && ids.includes(job.retriedAs)) job.retriedAs = null;
  }),
);

/** Of an export there is no profile here, and of an upload no file any more. */
const isFetchedAndOver = (job: ModelJob) => isOver(job) && job.kind === 'import' && job.server !== null;

const tryAgain = any.map((number) =>
  command(`run ${number} again`, async (model, system) => {
    const job = pickRather(model.jobs, isFetchedAndOver, number);
    if (!job) return;
    const again = retry(system.context, [job.id], {
      user,
      requestId: '',
      signal: new AbortController().signal,
    });
    const canBe = isFetchedAndOver(job) && job.state !== 'Complete';
    if (!canBe && job.retriedAs === null) {
      await rejects(again, { code: 'job_not_retryable' });
      return takeEntries(model, system, []);
    }
    const line = beginning(model, job.server);
    const [row] = await again;
    if (job.retriedAs !== null) return takeEntries(model, system, callNext(model, [job.server]));
    const successor = newJob({ id: row!.retried_as!, kind: 'import', server: job.server, line });
    job.retriedAs = successor.id;
    model.jobs.push(successor);
    takeEntries(model, system, [successor, ...callNext(model, [job.server])]);
  }),
);

export const callers = [
  starts,
  startUpload,
  startUpload,
  feed,
  feed,
  feed,
  renew,
  abandon,
  cancelSome,
  deleteSome,
  tryAgain,
];
