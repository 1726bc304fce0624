/** The job that removes finished jobs: by itself once in a while, and going on with what another process began. */
import { randomUUID } from 'node:crypto';
import { appendAudit, insertPurge, isPurgeDue, purgeJobs, purgeRuleText } from '@osimage/database';
import type { PackagerContext } from '../context.ts';
import { reach } from '../steps.ts';
import type { Attempt } from './attempt.ts';

/** Who makes such jobs. */
const user = 'retention';

/** Makes the job of a purge when one is due, and its entry in the audit trail. */
export async function schedulePurge({ db, queue, settings, log }: PackagerContext): Promise<void> {
  const rule = { olderThanMs: settings.RETAIN_JOBS_DAYS * 86_400_000, keep: settings.RETAIN_JOBS_COUNT };
  await db.transaction(async (tx) => {
    if (!(await isPurgeDue(tx, rule))) return;
    const queueId = randomUUID();
    const jobId = await insertPurge(tx, { rule, createdBy: user, queueId });
    await queue.add(tx, queueId, jobId);
    await appendAudit(tx, {
      ...{ source: 'service', user, address: '', action: 'job.purge', objects: [], outcome: 'success' },
      jobId,
      detail: purgeRuleText(rule),
    });
    log.info({ job: jobId }, 'finished jobs are to be removed');
  });
}

/** Runs a purge to its end. */
export async function runPurge({ db }: PackagerContext, attempt: Attempt): Promise<void> {
  const { job, signal, log } = attempt;
  let first = true;
  const { removed, kept } = await purgeJobs(db, {
    id: job.id,
    attempt: job.attempt,
    signal,
    async onBatch(count) {
      attempt.step(`removed ${count.removed} jobs so far`);
      if (first) await reach('middle', job);
      first = false;
    },
    beforeCommit: () => reach('before-commit', job),
  });
  await reach('after-commit', job);
  log.info({ removed, kept }, 'finished jobs removed');
}
