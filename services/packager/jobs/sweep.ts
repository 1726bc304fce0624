/**
 * Reconciles: jobs whose queue entry is gone are queued again, imports that were never fed end, and files
 * nobody refers to are removed. Every packager may sweep; a lock lets one do it at a time.
 */
import { applyRetention, cleanStore } from '@osimage/blob-store';
import {
  adoptPurges,
  findStrandedJobs,
  interruptImports,
  purgeKeys,
  queueName,
  queueSchema,
  tryLockSweep,
} from '@osimage/database';
import { isDatabaseAway, Problem } from '@osimage/errors';
import type { PackagerContext } from '../context.ts';
import { enqueueAgain } from './enqueue-again.ts';
import { sweepPartials } from './left-partials.ts';
import { schedulePurge } from './purge.ts';
import { callAll } from './slots.ts';

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
  // Beside the rest: a file server that does not answer must not hold up anything.
  let partials: Promise<void> | undefined;
  while (!signal.aborted) {
    try {
      partials ??= sweepPartials(context, signal)
        .catch((error: unknown) => tell(context, error, signal))
        .finally(() => {
          partials = undefined;
        });
      await sweepRows(context);
      await callAll(context);
      if (Date.now() >= nextFiles) {
        nextFiles = Date.now() + filesEveryMs;
        await schedulePurge(context);
        await sweepArchives(context, signal);
        await sweepFiles(context, youngMs, signal);
        await purgeKeys(context.db, keysKeptMs);
      }
    } catch (error) {
      tell(context, error, signal);
    }
    await pause(sweepEveryMs, signal);
  }
  await partials;
}

function tell({ log }: PackagerContext, error: unknown, signal: AbortSignal): void {
  if (!signal.aborted && !isDatabaseAway(error)) log.warn({ err: error }, 'sweep failed');
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
  if (await queue.ensure()) log.warn('the queue was gone and is made again');
  await db.transaction(async (tx) => {
    if (!(await tryLockSweep(tx))) return;
    for (const id of await interruptImports(tx, new Problem('never_fed')))
      log.info({ job: id }, 'import was never fed');
    for (const { id, queueId } of await adoptPurges(tx)) {
      await queue.add(tx, queueId, id);
      log.warn({ job: id }, 'a purge was left by its maker and goes on here');
    }
    for (const { id, queueId } of await findStrandedJobs(tx, queueSchema, queueName)) {
      if (await enqueueAgain(context, tx, id, queueId))
        log.warn({ job: id }, 'job had lost its queue entry and is queued again');
    }
  });
}

/** Removes the archives the retention rule lets go. */
export async function sweepArchives({ db, store, log }: PackagerContext, signal: AbortSignal): Promise<void> {
  const author = { source: 'service', user: 'retention' } as const;
  const onLeft = (error: unknown, path: string) =>
    log.warn({ err: error, path }, 'the file of an expired archive could not be removed');
  for (const { name, size, why } of await applyRetention(db, store, author, onLeft, signal))
    log.info({ archive: name, size, why }, 'archive expired');
}

/** Removes uploads, export folders and blobs that nothing refers to and that are older than `ageMs`. */
export async function sweepFiles(
  { db, store, log }: PackagerContext,
  ageMs: number,
  signal: AbortSignal,
): Promise<void> {
  try {
    const cleaned = await cleanStore(db, store, { olderThanMs: ageMs, signal });
    const { unused, orphans, leftovers } = cleaned;
    if (unused.count + orphans.count + leftovers.count > 0) log.info(cleaned, 'cleaned the store');
  } catch (error) {
    // Another packager does it, or somebody with `store gc`.
    if (!(error instanceof Problem && error.code === 'store_busy')) throw error;
  }
}
