/** From a queue entry to a job that is this worker's. */
import { type ClaimedJob, claimFirst, claimJob } from '@osimage/database';
import { Problem } from '@osimage/errors';
import type { PackagerContext } from '../context.ts';
import { takeOrWait } from './slots.ts';

const lost = new Problem('worker_lost', { times: 1 }).toJSON();

/**
 * Claims the job of an entry. Undefined: the job has ended, waits in line for its server now, or has another entry.
 * Throws DatabaseAway.
 */
export async function claim(
  context: PackagerContext,
  jobId: string,
  queueId: string,
): Promise<ClaimedJob | undefined> {
  const { db, worker } = context;
  const first = await claimFirst(db, jobId, queueId, worker);
  if (first) return first;
  return await db.transaction(async (tx) =>
    (await takeOrWait(context, tx, jobId, queueId))
      ? await claimJob(tx, jobId, queueId, worker, lost)
      : undefined,
  );
}
