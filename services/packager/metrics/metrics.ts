/** What a packager counts of its jobs and its transfers (docs/monitoring.md). */
import type { ClaimedJob, JobKind } from '@osimage/database';
import { Counter, createRegistry, Histogram, type Registry } from '@osimage/telemetry';
import { countTransfers, type Transfers } from './transfers.ts';

/** From an export of a script to an import over a slow link, seconds. */
const buckets = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14_400];

/** How an attempt at a job ended. */
export type AttemptOutcome = 'complete' | 'failed' | 'retried' | 'handed_back' | 'stopped';

export interface PackagerMetrics {
  readonly registry: Registry;
  readonly transfers: Transfers;
  /** An attempt begins now. */
  started(job: ClaimedJob): void;
  ended(kind: JobKind, outcome: AttemptOutcome, seconds: number): void;
  /** An attempt failed, with a code of the catalogue. */
  failed(kind: JobKind, code: string): void;
}

export function createPackagerMetrics(): PackagerMetrics {
  const registry = createRegistry();
  const registers = [registry];
  const attempts = new Counter({
    name: 'osimage_job_attempts_total',
    help: 'Attempts at jobs that ended here, by how they ended.',
    labelNames: ['kind', 'outcome'],
    registers,
  });
  const failures = new Counter({
    name: 'osimage_job_failures_total',
    help: 'Attempts that failed, by the stable code of docs/errors.md.',
    labelNames: ['kind', 'code'],
    registers,
  });
  const running = new Histogram({
    name: 'osimage_job_duration_seconds',
    help: 'From the start of an attempt to its completion; only of those that completed their job.',
    labelNames: ['kind'],
    buckets,
    registers,
  });
  const waiting = new Histogram({
    name: 'osimage_job_wait_seconds',
    help: 'From the acceptance of a job to its first start; not of uploads, which wait for their file.',
    labelNames: ['kind'],
    buckets,
    registers,
  });
  return {
    registry,
    transfers: countTransfers(registry),
    started({ kind, attempt, server_id: server, created_at: created }) {
      if (attempt !== 1 || (kind === 'import' && server === null)) return;
      // The clock of the database and ours may differ a little.
      waiting.observe({ kind }, Math.max(0, Date.now() - created.getTime()) / 1_000);
    },
    ended(kind, outcome, seconds) {
      attempts.inc({ kind, outcome });
      if (outcome === 'complete') running.observe({ kind }, seconds);
    },
    failed: (kind, code) => failures.inc({ kind, code }),
  };
}
