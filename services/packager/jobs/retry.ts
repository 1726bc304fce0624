/** Running ended jobs again: each as a new job, named in the old one (contract, section 10.1). */
import { randomUUID } from 'node:crypto';
import { requireRoomFor } from '@osimage/blob-store';
import {
  copyImport,
  findJobs,
  findServer,
  isFetched,
  type JobRow,
  type JobState,
  lockJobs,
  markRetried,
  type Queryable,
} from '@osimage/database';
import { Problem } from '@osimage/errors';
import type { PackagerContext } from '../context.ts';
import { beginInLine, callNext } from './slots.ts';
import { createExport } from './start-export.ts';

const retryable: readonly JobState[] = ['StoppedWithError', 'Cancelled', 'Interrupted'];

interface Caller {
  user: string;
  requestId: string;
  signal: AbortSignal;
}

/** The exports made in a transaction, and the bytes of the store they take together. */
interface Made {
  readonly ids: string[];
  claimed: number;
}

/**
 * Runs jobs again that failed or were cancelled, all or none, and gives the old ones; `retried_as` names the new. One
 * that was retried already gets no second successor. Throws Problem not_found or job_not_retryable, or that they do not fit
 * (no_space, quota_exceeded).
 */
export async function retry(
  context: PackagerContext,
  ids: readonly string[],
  caller: Caller,
): Promise<JobRow[]> {
  const retried = await context.db.transaction(async (tx) => {
    const jobs = await lockJobs(tx, ids);
    const waiting = jobs.filter((job) => job.retried_as === null);
    const made: Made = { ids: [], claimed: 0 };
    // In order of the profiles, which are locked one by one: see lockFile.
    const order = (job: JobRow) => job.profile_id ?? '';
    for (const job of waiting.toSorted((a, b) => (order(a) < order(b) ? -1 : order(a) > order(b) ? 1 : 0)))
      await markRetried(tx, job.id, await again(context, tx, job, caller, made));
    await requireRoomFor(tx, context.store, made.ids, made.claimed);
    caller.signal.throwIfAborted();
    return await findJobs(tx, ids);
  });
  await callNext(
    context,
    retried.flatMap((job) => job.server_id ?? []),
  );
  return retried;
}

/** Makes the successor of a job; gives its id. */
async function again(
  context: PackagerContext,
  tx: Queryable,
  job: JobRow,
  caller: Caller,
  made: Made,
): Promise<string> {
  if (!retryable.includes(job.state)) {
    const detail = `it is ${job.state}, and only a job that failed or was cancelled can.`;
    throw new Problem('job_not_retryable', { id: job.id, detail });
  }
  if (job.kind === 'purge') {
    const detail = 'the next purge removes what this one left.';
    throw new Problem('job_not_retryable', { id: job.id, detail });
  }
  if (job.kind === 'import') return await importAgain(context, tx, job, caller);
  try {
    // The profile as it is now: what made the export fail may have been mended since, and its content is no longer kept.
    const order = {
      profileId: job.profile_id ?? '',
      serverId: job.server_id ?? '',
      path: job.target_path ?? '',
    };
    const { accepted, claimed } = await createExport(context, tx, { ...order, ...caller });
    made.ids.push(accepted.jobId);
    made.claimed += claimed;
    return accepted.jobId;
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'not_found') throw error;
    throw new Problem('job_not_retryable', { id: job.id, detail: error.message }, { cause: error });
  }
}

async function importAgain(
  context: PackagerContext,
  tx: Queryable,
  job: JobRow,
  { user, requestId }: Caller,
): Promise<string> {
  if (!(await isFetched(tx, job.id))) {
    const detail = 'an uploaded file is not kept when its import ends.';
    throw new Problem('job_not_retryable', { id: job.id, detail });
  }
  if (!(await findServer(tx, job.server_id ?? ''))) {
    const detail = `there is no remote file server ${job.server_id} any more.`;
    throw new Problem('job_not_retryable', { id: job.id, detail });
  }
  const queueId = randomUUID();
  const { entry, ...begin } = await beginInLine(context, tx, job.server_id ?? '', false);
  const newId = await copyImport(tx, job.id, { queueId, user, requestId, ...begin });
  await context.queue.add(tx, queueId, newId, entry);
  return newId;
}
