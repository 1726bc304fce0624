/** Running a job: claim it, do its work, and end it, hand it back or try again later. */
import { randomUUID } from 'node:crypto';
import { addNotes, type ClaimedJob, endJob, requeueJob, settlePartial } from '@osimage/database';
import { isDatabaseAway, Problem, toProblem } from '@osimage/errors';
import type { PackagerContext } from '../context.ts';
import type { AttemptOutcome } from '../metrics/metrics.ts';
import { reach } from '../steps.ts';
import { Attempt } from './attempt.ts';
import { claim } from './claim.ts';
import { enqueueAgain } from './enqueue-again.ts';
import { cleanExport, runExport } from './export.ts';
import { cleanImport, runImport } from './import.ts';
import { runPurge } from './purge.ts';
import { leaveServer } from './slots.ts';
import { HandedBack, pauseMs, triesAgain } from './try-again.ts';

// A job that takes its worker down with it must not go round for ever.
const lostAtMost = 5;

const kinds = {
  export: { run: runExport, clean: cleanExport },
  import: { run: runImport, clean: cleanImport },
  // What it has removed stays removed.
  purge: { run: runPurge, clean: async () => {} },
};

/** The attempts of this process, so that a cancel or a stop can reach them. */
export class Runner {
  readonly #context: PackagerContext;
  readonly #running = new Map<string, Attempt>();
  #idle: (() => void) | undefined;
  #takesMore = true;

  constructor(context: PackagerContext) {
    this.#context = context;
  }

  get size(): number {
    return this.#running.size;
  }

  /** Looks at the row of a job that runs here, or of all of them, and stops what has ended there. */
  async stopEnded(jobId?: string): Promise<void> {
    const attempts = jobId === undefined ? [...this.#running.values()] : [this.#running.get(jobId)];
    try {
      for (const attempt of attempts) await attempt?.stopIfEnded();
    } catch (error) {
      // Progress reports find out as well, a little later.
      if (!isDatabaseAway(error)) this.#context.log.warn({ err: error }, 'could not look for ended jobs');
    }
  }

  /** Entries that still arrive go on to other packagers at once. */
  takeNoMore(): void {
    this.#takesMore = false;
  }

  stopAll(reason: Error): void {
    for (const attempt of this.#running.values()) attempt.abort(reason);
  }

  /** Resolves when nothing runs, or when `signal` aborts. */
  async idle(signal: AbortSignal): Promise<void> {
    if (this.size === 0 || signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#idle = resolve;
    signal.addEventListener('abort', () => resolve(), { once: true });
    await promise;
  }

  /** Runs the job of one queue entry, unless the entry is out of date. */
  async run(jobId: string, queueId: string, entrySignal: AbortSignal): Promise<void> {
    const { db, log } = this.#context;
    if (!this.#takesMore) {
      await db.transaction((tx) => enqueueAgain(this.#context, tx, jobId, queueId));
      return;
    }
    const job = await claim(this.#context, jobId, queueId);
    if (!job) return;
    const attempt = new Attempt(
      db,
      job,
      log.child({ job: job.id, attempt: job.attempt, request: job.request_id }),
    );
    // The queue knows that the entry is gone, the row knows why.
    const onEntryLost = () => void this.stopEnded(job.id);
    entrySignal.addEventListener('abort', onEntryLost, { once: true });
    this.#running.set(job.id, attempt);
    try {
      await this.#attempt(job, attempt);
    } finally {
      await leaveServer(this.#context, job);
      entrySignal.removeEventListener('abort', onEntryLost);
      this.#running.delete(job.id);
      if (this.size === 0) this.#idle?.();
    }
  }

  async #attempt(job: ClaimedJob, attempt: Attempt): Promise<void> {
    const { log } = attempt;
    const kind = kinds[job.kind];
    const { metrics } = this.#context;
    const started = Date.now();
    let outcome: AttemptOutcome = 'complete';
    log.info({ kind: job.kind }, 'job started');
    metrics.started(job);
    try {
      if (job.lost >= lostAtMost) throw new Problem('worker_lost', { times: job.lost });
      await reach('claimed', job);
      if (attempt.signal.aborted) throw attempt.signal.reason;
      await kind.run(this.#context, attempt);
      log.info({ ms: Date.now() - started }, 'job complete');
    } catch (error) {
      // What becomes of a job that cannot be settled: it is taken for one whose worker died.
      outcome = 'retried';
      await attempt.close();
      try {
        outcome = await this.#settle(job, attempt, attempt.signal.aborted ? attempt.signal.reason : error);
      } finally {
        // Also when the database is away, which is no reason to leave files.
        await kind
          .clean(this.#context, attempt)
          .catch((failure: unknown) => log.warn({ err: failure }, 'left to the sweeper'));
        await this.#tell(job, attempt);
      }
    } finally {
      await attempt.close();
      metrics.ended(job.kind, outcome, (Date.now() - started) / 1_000);
    }
  }

  /** What cleaning up has brought to light belongs to the job, although it may have ended by now. */
  async #tell(job: ClaimedJob, { notes, log }: Attempt): Promise<void> {
    if (notes.length === 0) return;
    await addNotes(this.#context.db, job.id, job.attempt, notes).catch((failure: unknown) =>
      log.warn({ err: failure, notes }, 'could not be told with the job'),
    );
  }

  /** Decides what a failed attempt means for its job, and gives how it ended. */
  async #settle(job: ClaimedJob, attempt: Attempt, error: unknown): Promise<AttemptOutcome> {
    const { db, queue } = this.#context;
    const { log } = attempt;
    if (error instanceof HandedBack) {
      const queueId = randomUUID();
      await db.transaction(async (tx) => {
        if (await requeueJob(tx, job.id, job.attempt, queueId, 'waiting for a worker'))
          await queue.add(tx, queueId, job.id, { small: job.small });
      });
      log.info('job handed back');
      return 'handed_back';
    }
    const problem = toProblem(error, `job ${job.id}`);
    if (problem.code === 'attempt_lost' || problem.code === 'cancelled') {
      // The delivery has removed what it had on its server, or the notes tell of it. Unsaid, somebody looks there again.
      if (problem.code === 'cancelled')
        await settlePartial(db, job.id, []).catch((failure: unknown) =>
          log.warn({ err: failure }, 'left to the sweeper'),
        );
      log.info({ code: problem.code }, 'job stopped');
      return 'stopped';
    }
    log.warn({ err: problem, cause: problem.cause, code: problem.code }, 'job failed');
    this.#context.metrics.failed(job.kind, problem.code);
    if (triesAgain(attempt, problem)) {
      const delayMs = pauseMs(attempt);
      const queueId = randomUUID();
      await db.transaction(async (tx) => {
        const step = `trying again after: ${problem.message}`;
        if (await requeueJob(tx, job.id, job.attempt, queueId, step, problem.toJSON(), attempt.progressed)) {
          await queue.add(tx, queueId, job.id, { delayMs, small: job.small });
        }
      });
      return 'retried';
    }
    const state = problem.code === 'worker_lost' ? 'Interrupted' : 'StoppedWithError';
    await db.transaction((tx) =>
      endJob(tx, job.id, job.attempt, { state, step: 'failed', error: problem.toJSON() }),
    );
    return 'failed';
  }
}
