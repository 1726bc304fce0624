/** Cancelling and deleting jobs. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cancelJobs, deleteJobs, findJobs, type JobRow } from '@osimage/database';
import { isDatabaseAway } from '@osimage/errors';
import type { PackagerContext } from '../context.ts';
import { discardCancelled } from './left-partials.ts';
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
  const { jobs, stopped } = await context.db.transaction(async (tx) => {
    await findJobs(tx, ids);
    const stopped = await cancelJobs(tx, ids, by);
    return { jobs: await findJobs(tx, ids), stopped };
  });
  const cancelled = new Set(stopped.map(({ id }) => id));
  await dropEntries(
    context,
    stopped.flatMap(({ waitedAs }) => waitedAs ?? []),
  );
  // Also one that was only called leaves room; a running one's worker frees the slot when it has let go of the server.
  await callNext(
    context,
    jobs.flatMap((job) => (cancelled.has(job.id) ? (job.server_id ?? []) : [])),
  );
  await removeFiles(
    context,
    jobs.filter(({ id }) => cancelled.has(id)),
  );
  await discardCancelled(
    context,
    stopped.flatMap(({ id, waitedAs }) => (waitedAs === null ? [] : id)),
  );
  return jobs;
}

/**
 * An entry of a job that waits in line or for its next attempt would stay for up to an hour, and then wake a worker for
 * nothing. That is all: a cancel does not fail because the queue does, and is final before this.
 */
async function dropEntries({ db, queue, log }: PackagerContext, queueIds: readonly string[]): Promise<void> {
  await queue.drop(db, queueIds).catch((error: unknown) => {
    if (!isDatabaseAway(error)) log.warn({ err: error }, 'the queue entries of cancelled jobs are left');
  });
}

/**
 * Removes what cancelled jobs have in the store but for packed content. Their workers do that, too; but a job may have none
 * at the moment, or one that has just died.
 */
async function removeFiles(context: PackagerContext, jobs: readonly JobRow[]): Promise<void> {
  const { store, log } = context;
  try {
    const imports = new Set(jobs.flatMap(({ id, kind }) => (kind === 'import' ? id : [])));
    const staging = join(store.root, 'staging');
    const names = imports.size > 0 ? await readdir(staging) : [];
    for (const name of names) {
      const [id = ''] = name.split('-', 1);
      if (!imports.has(id)) continue;
      // An upload, which a backup may be copying; or what one attempt fetched, which is in none.
      if (name === id) await removeStaging(context, id);
      else await rm(join(staging, name), { force: true });
    }
    for (const { id, kind, server_id, attempt } of jobs)
      if (kind === 'export' && server_id === null && attempt > 0)
        await rm(join(store.root, 'exports', id), { recursive: true, force: true });
  } catch (error) {
    // A worker that is there writes meanwhile, and removes it when it hears of the cancel.
    log.warn({ err: error }, 'left to the workers and the sweeper');
  }
}

/** Deletes finished jobs, all or none; archives stay. */
export async function remove(context: PackagerContext, ids: readonly string[]): Promise<void> {
  await context.db.transaction((tx) => deleteJobs(tx, ids));
}
