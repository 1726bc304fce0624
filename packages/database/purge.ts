/** The work of a purge, for whoever runs it: a packager, or the command line. */
import { Problem } from '@osimage/errors';
import type { Database } from './pool.ts';
import { endJob } from './queries/attempts.ts';
import { type PurgeCount, type PurgeRule, removeNext } from './queries/purge.ts';
import { readPurge, savePurge } from './queries/purge-jobs.ts';

/** Jobs looked at in one transaction: what it locks, others wait for some ten milliseconds at most. */
const atOnce = 500;

/** How long a purge on the command line may be silent before a packager goes on with it, ms. */
export const purgeLeaseMs = 60_000;

export interface PurgeWork {
  readonly id: string;
  /** Its attempt: everything is written only as long as this one holds the job. */
  readonly attempt: number;
  readonly signal?: AbortSignal;
  /** Told after each batch. */
  readonly onBatch?: (count: PurgeCount) => Promise<void> | void;
  /** Inside the transaction that ends the job. */
  readonly beforeCommit?: () => Promise<void>;
}

/**
 * Removes what a purge lets go, batch by batch, each with its count in one transaction, and ends its job. An attempt that
 * takes over goes on where the last one was. Throws Problem attempt_lost, or the reason of `signal`.
 */
export async function purgeJobs(db: Database, work: PurgeWork): Promise<PurgeCount> {
  const { id, attempt, signal } = work;
  let state = await readPurge(db, id, attempt);
  if (!state) throw new Problem('attempt_lost');
  for (let done = false; !done; ) {
    signal?.throwIfAborted();
    const from = state;
    const next = await db.transaction(async (tx) => {
      const looked = await removeNext(tx, from, atOnce);
      if (!(await savePurge(tx, id, attempt, looked.state, purgeLeaseMs))) throw new Problem('attempt_lost');
      return looked;
    });
    ({ state, done } = next);
    await work.onBatch?.(state);
  }
  const count = state;
  await db.transaction(async (tx) => {
    const notes = [purgeText(count)];
    if (!(await endJob(tx, id, attempt, { state: 'Complete', step: 'done', notes })))
      throw new Problem('attempt_lost');
    await work.beforeCommit?.();
  });
  return count;
}

/** "Removed 5000 jobs that ended from 2026-01-01T00:00:00Z to …; 3 more stay, because their archives are still here." */
export function purgeText({ removed, kept, oldest, newest }: PurgeCount, verb = 'Removed'): string {
  const when = oldest && newest ? ` that ended from ${second(oldest)} to ${second(newest)}` : '';
  const rest =
    kept > 0
      ? `; ${jobs(kept)} more with an archive that is still here ${kept === 1 ? 'stays' : 'stay'}`
      : '';
  return `${verb} ${jobs(removed)}${when}${rest}.`;
}

function jobs(count: number): string {
  return count === 1 ? '1 job' : `${count} jobs`;
}

/** In UTC, whatever zone the database writes. */
function second(time: string): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`;
}

/** "that ended more than 90 days ago, and all but the 1000000 that ended last": the rule in words. */
export function purgeRuleText({ olderThanMs, keep }: PurgeRule): string {
  const parts = [
    olderThanMs === undefined ? [] : `jobs that ended more than ${durationText(olderThanMs)} ago`,
    keep === undefined ? [] : `all but the ${keep} jobs that ended last`,
  ].flat();
  return parts.join('; ');
}

function durationText(ms: number): string {
  const days = ms / 86_400_000;
  return Number.isInteger(days) && days > 0 ? `${days} days` : `${ms / 1000} seconds`;
}
