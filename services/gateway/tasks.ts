/** A job as `/tasks` shows it (contract, Appendix B.1). */
import type { AttemptRow, JobRow } from '@osimage/database';
import { Problem, type ProblemReport } from '@osimage/errors';
import { mostTasks } from './schemas/tasks.ts';

/** Gives the ids of a comma-separated list, each once; throws Problem invalid_request when there are none or too many. */
export function idsOf(list: string): string[] {
  const ids = list
    .split(',')
    .map((id) => id.trim())
    .filter((id) => id !== '');
  if (ids.length === 0) throw new Problem('invalid_request', { detail: 'The list of job ids is empty.' });
  if (ids.length > mostTasks)
    throw new Problem('invalid_request', { detail: `The list holds more than ${mostTasks} job ids.` });
  return [...new Set(ids)];
}

/** Every attribute of B.1 the service knows of. */
export function shownTask(job: JobRow) {
  const ended = job.ended_at !== null;
  return {
    jobUID: job.id,
    jobTitle: job.title,
    // So in the contract's example, for exports too (10.3).
    jobCategory: 'OsImport',
    status: job.state,
    jobState: job.state,
    // Clients wait for exactly 100, and must not see it before the end (10.2).
    percentage: ended ? 100 : Math.min(99, Math.round(job.percent * 10) / 10),
    complete: ended,
    createdBy: job.created_by,
    startTime: seconds(job.started_at ?? job.created_at),
    endTime: job.ended_at && seconds(job.ended_at),
    isCancelable: !ended,
    children: [],
    step: job.step,
    bytesDone: job.bytes_done,
    bytesTotal: job.bytes_total,
    error: job.error && shownError(job.error),
    jobSummary: job.error ? `${job.error.text} ${job.error.recovery}` : '',
    attempts: job.attempts.map(shownAttempt),
    profileId: job.profile_id,
    serverId: job.server_id,
    filename: job.filename,
    finalPath: job.final_path,
    size: job.size,
    sha256: job.sha256,
    objectId: job.object_id,
    notes: job.notes,
    // The job that runs in the place of this one.
    retriedAs: job.retried_as,
  };
}

function shownAttempt(attempt: AttemptRow) {
  return {
    started: seconds(attempt.started_at),
    ended: attempt.ended_at && seconds(attempt.ended_at),
    worker: attempt.worker,
    error: attempt.error && shownError(attempt.error),
  };
}

function shownError(error: ProblemReport) {
  const { id, code, text, recovery } = error;
  return { id, code, text, explanation: '', recovery: { text: recovery, URL: '' } };
}

/** ISO 8601 in UTC, to the second, as the contract's example has it. */
function seconds(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}
