/** Whether, and after what pause, a job goes on after an attempt that failed. */
import { toProblem } from '@osimage/errors';
import type { Attempt } from './attempt.ts';

const failuresAtMost = 6;
const backoffBaseMs = 2_000;
const backoffMostMs = 5 * 60_000;

/** Aborts an attempt whose process is stopping: the job goes back to the queue, unharmed. */
export class HandedBack extends Error {
  override name = 'HandedBack';
}

/** Whether another attempt follows one that ends with `reason`, of this job as it was when the attempt began. */
export function triesAgain(attempt: Attempt, reason: unknown): boolean {
  if (reason instanceof HandedBack) return true;
  const problem = toProblem(reason, `job ${attempt.job.id}`);
  return problem.transient && failuresBefore(attempt) + 1 < failuresAtMost;
}

/** Failures one after the other without any getting further than those before it; the attempt's own is not counted. */
function failuresBefore(attempt: Attempt): number {
  // A link that breaks now and then must not end what it only slows down.
  return attempt.progressed ? 0 : attempt.job.failed;
}

/** Jittered exponential backoff, ms: half of it fixed, half random, so that jobs do not return in step. */
export function pauseMs(attempt: Attempt): number {
  const most = Math.min(backoffMostMs, backoffBaseMs * 2 ** failuresBefore(attempt));
  return most / 2 + (Math.random() * most) / 2;
}
