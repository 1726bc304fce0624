/** Delivering an archive: what a destination needs of the job, its lease and its server. */
import type { Archive } from '@osimage/archive';
import { countUsers, saveCheckpoint } from '@osimage/database';
import { Problem } from '@osimage/errors';
import type { PackagerContext } from '../context.ts';
import type { Delivered } from '../destinations/destination.ts';
import { deliverTo } from '../destinations/index.ts';
import { reach } from '../steps.ts';
import type { Attempt } from './attempt.ts';
import { withServer } from './server-access.ts';
import { triesAgain } from './try-again.ts';

/** Delivers the archive of an attempt to the server its job names, under `filename` when the path is a folder. */
export async function deliver(
  context: PackagerContext,
  attempt: Attempt,
  archive: Archive,
  filename: string,
): Promise<Delivered> {
  const { job } = attempt;
  return await withServer(context, attempt, async (access) => {
    const sharing = await countUsers(context.db, access.server.id);
    const sent = context.metrics.transfers.begin(access.server.id, 'out');
    return await deliverTo(access.server.protocol)({
      ...access,
      authorities: context.settings.OUTBOUND_CA,
      archive,
      path: job.target_path ?? '',
      filename,
      jobId: job.id,
      attempt: job.attempt,
      sharing,
      onProgress: (bytes) => {
        attempt.progress(bytes);
        sent(bytes);
      },
      onStep: (step) => attempt.step(step),
      checkLease: async () => {
        await attempt.checkLease();
        // The worst moment to be stopped: nothing is asked any more before the file gets its name.
        await reach('before-publish', job);
      },
      triesAgain: (reason) => triesAgain(attempt, reason),
      onNote: (sentence) => attempt.notes.push(sentence),
      checkpoint: job.checkpoint ?? undefined,
      saveCheckpoint: async (checkpoint) => {
        if (!(await saveCheckpoint(context.db, job.id, job.attempt, checkpoint)))
          throw new Problem('attempt_lost');
      },
    });
  });
}
