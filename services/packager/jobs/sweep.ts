/**
 * Reconciles: jobs whose queue entry is gone are queued again, imports that were never fed end, and files
 * nobody refers to are removed. Every packager may sweep; a lock lets one do it at a time.
 */
import { randomUUID } from 'node:crypto';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { collectGarbage, sweepOrphans } from '@osimage/blob-store';
import {
  adoptJob,
  findStrandedJobs,
  interruptImports,
  jobsWithFiles,
  purgeKeys,
  tryLockSweep,
} from '@osimage/database';
import { isDatabaseAway, Problem } from '@osimage/errors';
import type { PackagerContext } from '../context.ts';
import { queueName, queueSchema } from './queue.ts';

const sweepEveryMs = 5_000;
const filesEveryMs = 10 * 60_000;
// Long enough for any step between writing a file and the row that names it.
const youngMs = 60 * 60_000;
// How long a request may come again with the same Idempotency-Key and get the first one's answer, at least.
const keysKeptMs = 24 * 60 * 60_000;

/** Sweeps from time to time until `signal` aborts. */
export function startSweeper(context: PackagerContext, signal: AbortSignal): { stopped: Promise<void> } {
  return { stopped: loop(context, signal) };
}

async function loop(context: PackagerContext, signal: AbortSignal): Promise<void> {
  let nextFiles = 0;
  while (!signal.aborted) {
    try {
      await sweepRows(context);
      if (Date.now() >= nextFiles) {
        nextFiles = Date.now() + filesEveryMs;
        await sweepFiles(context, youngMs, signal);
        await purgeKeys(context.db, keysKeptMs);
      }
    } catch (error) {
      if (!signal.aborted && !isDatabaseAway(error)) context.log.warn({ err: error }, 'sweep failed');
    }
    await pause(sweepEveryMs, signal);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = () => {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
    resolve();
  };
  const timer = setTimeout(end, ms);
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  return promise;
}

/** Brings job rows and queue together, and ends imports whose lease ran out. */
export async function sweepRows(context: PackagerContext): Promise<void> {
  const { db, queue, log } = context;
  await db.transaction(async (tx) => {
    if (!(await tryLockSweep(tx))) return;
    for (const id of await interruptImports(tx, new Problem('never_fed')))
      log.info({ job: id }, 'import was never fed');
    for (const { id, queueId } of await findStrandedJobs(tx, queueSchema, queueName)) {
      const newId = randomUUID();
      if (!(await adoptJob(tx, id, queueId, newId))) continue;
      await queue.add(tx, newId, id);
      log.warn({ job: id }, 'job had lost its queue entry and is queued again');
    }
  });
}

/** Removes staging files, export folders and blobs that nothing refers to and that are older than `ageMs`. */
export async function sweepFiles(
  context: PackagerContext,
  ageMs: number,
  signal: AbortSignal,
): Promise<void> {
  const { db, store, log } = context;
  for (const folder of ['staging', 'exports']) {
    const root = join(store.root, folder);
    const old: string[] = [];
    for (const name of await readdir(root)) {
      signal.throwIfAborted();
      const found = await stat(join(root, name)).catch(() => undefined);
      // The file of a job, or of one of its attempts.
      if (/^\d+(-\d+)?$/.test(name) && found && Date.now() - found.mtimeMs >= ageMs) old.push(name);
    }
    const jobOf = (name: string) => name.split('-', 1)[0] ?? '';
    const wanted = await jobsWithFiles(db, old.map(jobOf));
    for (const name of old.filter((name) => !wanted.has(jobOf(name)))) {
      await rm(join(root, name), { recursive: true, force: true });
      log.info({ folder, job: name }, 'removed files of a job that is gone');
    }
  }
  const collected = await collectGarbage(db, store, { olderThanMs: ageMs, signal });
  const orphans = await sweepOrphans(db, store, { olderThanMs: ageMs, signal });
  if (collected.blobs + orphans > 0) log.info({ ...collected, orphans }, 'collected garbage');
}
