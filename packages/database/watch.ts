/** Jobs looked at again and again until they have ended: what a watcher shows is never older than one look. */
import { setTimeout as pause } from 'node:timers/promises';
import { isDatabaseAway } from '@osimage/errors';
import { type JobRow, requireJob } from './queries/jobs.ts';

/** Half of the second that progress may be old; a packager writes it within the other half. */
const lookEveryMs = 400;

export interface Look {
  /** All that are there, in the order asked for. */
  readonly jobs: readonly JobRow[];
  /** Those that are not as they were at the look before; at the first, all. */
  readonly changed: readonly JobRow[];
  /** Ids of those that were deleted since the look before. */
  readonly gone: readonly string[];
}

/**
 * Gives a look at once and then several each second, also when nothing changed, until all jobs have ended, are gone
 * or `signal` aborts. A database that is away later is waited for. The first look throws Problem not_found for a job
 * that does not exist.
 */
export async function* watchJobs(
  find: (id: string) => Promise<JobRow | undefined>,
  ids: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<Look, void, void> {
  const rows = await Promise.all(ids.map(async (id) => requireJob(await find(id), id)));
  const seen = new Map(rows.map((row) => [row.id, row]));
  yield { jobs: rows, changed: rows, gone: [] };
  while ([...seen.values()].some(({ ended_at }) => ended_at === null)) {
    if (!(await waited(signal))) return;
    const found = await lookAgain(find, [...seen.keys()]);
    const changed = found.flatMap(([id, row]) => (row && !isSame(row, seen.get(id)) ? row : []));
    const gone = found.flatMap(([id, row]) => (row ? [] : id));
    for (const row of changed) seen.set(row.id, row);
    for (const id of gone) seen.delete(id);
    yield { jobs: [...seen.values()], changed, gone };
  }
}

async function waited(signal: AbortSignal): Promise<boolean> {
  await pause(lookEveryMs, undefined, { signal }).catch(() => {});
  return !signal.aborted;
}

/** Finds nothing new where the database is away. */
async function lookAgain(find: (id: string) => Promise<JobRow | undefined>, ids: readonly string[]) {
  try {
    return await Promise.all(ids.map(async (id) => [id, await find(id)] as const));
  } catch (error) {
    if (isDatabaseAway(error)) return [];
    throw error;
  }
}

function isSame(row: JobRow, before: JobRow | undefined): boolean {
  return JSON.stringify(row) === JSON.stringify(before);
}
