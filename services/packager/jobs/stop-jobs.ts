/** Cancelling and deleting jobs. */
import { cancelJobs, deleteJobs, findJobs, type JobRow } from '@osimage/database';
import type { PackagerContext } from '../context.ts';
import { callNext } from './slots.ts';
import { removeStaging } from './start-import.ts';

/** How many ids one call may name. */
export const idsAtMost = 10_000;

/**
 * Cancels the jobs that are not finished; the others stay as they are. All ids must exist.
 * The rows are final when this returns; a running worker is told and stops its I/O within two seconds.
 */
export async function cancel(
  context: PackagerContext,
  ids: readonly string[],
  by: string,
): Promise<JobRow[]> {
  const { jobs, cancelled } = await context.db.transaction(async (tx) => {
    await findJobs(tx, ids);
    const stopped = await cancelJobs(tx, ids, by);
    // One that waits in line or for its next attempt would stay for up to an hour, and then wake a worker for nothing.
    await context.queue.drop(
      tx,
      stopped.flatMap(({ waitedAs }) => waitedAs ?? []),
    );
    return { jobs: await findJobs(tx, ids), cancelled: new Set(stopped.map(({ id }) => id)) };
  });
  // Also one that was only called leaves room; a running one's worker frees the slot when it has let go of the server.
  await callNext(
    context,
    jobs.flatMap((job) => (cancelled.has(job.id) ? (job.server_id ?? []) : [])),
  );
  // An import that was still waiting has no worker that would remove its file.
  const waiting = jobs.filter((job) => cancelled.has(job.id) && job.kind === 'import' && job.attempt === 0);
  for (const job of waiting) await removeStaging(context, job.id);
  return jobs;
}

/** Deletes finished jobs, all or none; archives stay. */
export async function remove(context: PackagerContext, ids: readonly string[]): Promise<void> {
  await context.db.transaction((tx) => deleteJobs(tx, ids));
}
