/**
 * One attempt at a job: its fence, its signal and its progress. Whatever an attempt writes goes through
 * here, so that a worker that lost its job can do nothing to its successor (design section 6).
 */
import { type BlobStore, claimRoom } from '@osimage/blob-store';
import {
  attemptState,
  type ClaimedJob,
  type Database,
  type SpaceClaim,
  saveProgress,
} from '@osimage/database';
import { isDatabaseAway, Problem } from '@osimage/errors';
import type { Logger } from '@osimage/telemetry';

// So many parts of its bytes an attempt must add to those of its predecessors to have got further than they did: with
// less, a server that takes a few bytes and hangs up would be tried for ever.
const partsOfProgress = 1_000;

// Watchers want progress at most a second old.
const reportEveryMs = 500;

export class Attempt {
  readonly job: ClaimedJob;
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** Digests of content this attempt has stored and nothing but its job refers to. */
  readonly staged = new Set<string>();
  /** Sentences for the job that are added when the attempt has failed. */
  readonly notes: string[] = [];
  readonly #db: Database;
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #step = 'starting';
  #bytesDone = 0;
  #bytesTotal = 0;
  #pass = { from: 0, weight: 1 };
  #space: SpaceClaim | undefined;
  #changed = true;
  #reporting: Promise<void> | undefined;

  constructor(db: Database, job: ClaimedJob, log: Logger) {
    this.#db = db;
    this.job = job;
    this.log = log;
    this.signal = this.#controller.signal;
    this.#timer = setInterval(() => this.#report(), reportEveryMs);
  }

  /** Makes `signal` abort; the first reason stays. */
  abort(reason: Error): void {
    this.#controller.abort(reason);
  }

  /** Its job was cancelled while it had it, so nothing it made was published and nobody comes after it. */
  get cancelled(): boolean {
    return this.signal.reason instanceof Problem && this.signal.reason.code === 'cancelled';
  }

  /** What is being done now. */
  step(step: string): void {
    this.#step = step;
    this.#changed = true;
  }

  /** Bytes known in advance, of which bytesDone counts. */
  total(bytes: number): void {
    this.#bytesTotal = bytes;
    this.#changed = true;
  }

  /**
   * For work that goes over its bytes several times: from now on the bytes told to `progress` count `weight`
   * each, on top of `from`.
   */
  pass(from: number, weight: number): void {
    this.#pass = { from, weight };
  }

  progress(bytesDone: number): void {
    this.#bytesDone = Math.floor(this.#pass.from + bytesDone * this.#pass.weight);
    this.#changed = true;
  }

  /** Whether it has come noticeably further than all attempts before it. */
  get progressed(): boolean {
    return this.#bytesDone - this.job.bytes_done > this.#bytesTotal / partsOfProgress;
  }

  /**
   * Claims space in the store, of which `written` bytes are used already. Throws Problem no_space or quota_exceeded,
   * or attempt_lost.
   */
  async claim(store: BlobStore, claimed: number, written: number): Promise<void> {
    const space = { claimed, written };
    const { id, attempt, space_claimed, space_written } = this.job;
    // Until it claims for the first time, what its job was accepted with stands in the row.
    const known = this.#space ? undefined : { claimed: space_claimed, written: space_written };
    if (!(await claimRoom(this.#db, store, id, space, attempt, known))) throw new Problem('attempt_lost');
    this.#space = space;
    // A report on its way may write what was claimed before; the next one puts that right.
    this.#changed = true;
  }

  /** Bytes of the store that are claimed. */
  get claimed(): number {
    return this.#space?.claimed ?? 0;
  }

  /** Bytes of the claim that are written by now. */
  wrote(bytes: number): void {
    if (this.#space) this.#space = { ...this.#space, written: bytes };
    this.#changed = true;
  }

  /** Gives back a part of the claim that is counted elsewhere from now on, or not needed. */
  release(bytes: number): void {
    if (this.#space) this.#space = { ...this.#space, claimed: Math.max(0, this.#space.claimed - bytes) };
    this.#changed = true;
  }

  /** Throws when this attempt has lost the job: called before anything becomes visible. */
  async checkLease(): Promise<void> {
    this.signal.throwIfAborted();
    await this.stopIfEnded();
    this.signal.throwIfAborted();
  }

  /** Aborts, saying why, when the job was cancelled or is somebody else's. */
  async stopIfEnded(): Promise<void> {
    const state = await attemptState(this.#db, this.job.id, this.job.attempt);
    if (state !== 'held')
      this.abort(new Problem(state === 'cancelled' ? 'cancelled' : 'attempt_lost', { by: 'a caller' }));
  }

  /** Stops reporting; nothing of this attempt is written by itself afterwards. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#reporting;
  }

  #report(): void {
    if (!this.#changed || this.#reporting) return;
    this.#changed = false;
    const progress = {
      step: this.#step,
      bytesDone: this.#bytesDone,
      bytesTotal: this.#bytesTotal,
      space: this.#space,
    };
    this.#reporting = saveProgress(this.#db, this.job.id, this.job.attempt, progress)
      .then(async (held) => {
        if (!held) await this.stopIfEnded();
      })
      .catch((error: unknown) => {
        // The work itself goes on without the database; the next report tries again.
        this.#changed = true;
        if (!isDatabaseAway(error)) this.log.warn({ err: error }, 'progress not saved');
      })
      .finally(() => {
        this.#reporting = undefined;
      });
  }
}
