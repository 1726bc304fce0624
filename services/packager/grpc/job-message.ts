/** A job's row as the message callers get. */
import type { JobRow, JobKind as KindRow, JobState as StateRow } from '@osimage/database';
import { Problem, type ProblemReport } from '@osimage/errors';
import { type Job, JobKind, JobState, toErrorDetail } from '@osimage/packaging-api';

const states: Record<StateRow, keyof typeof JobState> = {
  Pending: 'JOB_STATE_PENDING',
  Running: 'JOB_STATE_RUNNING',
  Complete: 'JOB_STATE_COMPLETE',
  StoppedWithError: 'JOB_STATE_STOPPED_WITH_ERROR',
  Cancelled: 'JOB_STATE_CANCELLED',
  Interrupted: 'JOB_STATE_INTERRUPTED',
};

const kinds: Record<KindRow, keyof typeof JobKind> = {
  export: 'JOB_KIND_EXPORT',
  import: 'JOB_KIND_IMPORT',
  purge: 'JOB_KIND_PURGE',
};

export function toJobMessage(row: JobRow): Job {
  return {
    id: row.id,
    kind: JobKind[kinds[row.kind]],
    state: JobState[states[row.state]],
    title: row.title,
    createdBy: row.created_by,
    created: toTimestamp(row.created_at),
    started: toTimestamp(row.started_at),
    ended: toTimestamp(row.ended_at),
    step: row.step,
    bytesDone: row.bytes_done,
    bytesTotal: row.bytes_total,
    percent: row.percent,
    error: toDetail(row.error),
    attempts: row.attempts.map((attempt) => ({
      number: attempt.attempt,
      worker: attempt.worker,
      started: toTimestamp(attempt.started_at),
      ended: toTimestamp(attempt.ended_at),
      error: toDetail(attempt.error),
    })),
    profileId: row.profile_id ?? '',
    serverId: row.server_id ?? '',
    filename: row.filename ?? '',
    finalPath: row.final_path ?? '',
    size: row.size ?? 0,
    sha256: row.sha256 ?? '',
    objectId: row.object_id ?? '',
    retriedAs: row.retried_as ?? '',
    notes: row.notes,
  };
}

function toTimestamp(date: Date | null): { seconds: number; nanos: number } | null {
  if (date === null) return null;
  const ms = date.getTime();
  return { seconds: Math.floor(ms / 1000), nanos: (ms % 1000) * 1_000_000 };
}

const toDetail = (report: ProblemReport | null) => (report === null ? null : toErrorDetail(report));

/** The rows' states for a filter; throws Problem invalid_request for one that is unspecified. */
export function toStateRows(wanted: readonly string[]): StateRow[] {
  return wanted.map((name) => lookUp(states, name));
}

export function toKindRows(wanted: readonly string[]): KindRow[] {
  return wanted.map((name) => lookUp(kinds, name));
}

function lookUp<Row extends string>(table: Record<Row, string>, name: string): Row {
  const found = (Object.entries(table) as [Row, string][]).find(([, message]) => message === name);
  if (!found) throw new Problem('invalid_request', { detail: `${name} cannot be filtered by.` });
  return found[0];
}
