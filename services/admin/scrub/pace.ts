/** Keeps reading down to a number of bytes a second, so that others hardly notice. */
import { setTimeout as pause } from 'node:timers/promises';

/** What was not read for a while is not made up for by more than this. */
const burstMs = 250;

export class Pace {
  readonly #bytesPerMs: number;
  #dueAt = 0;

  /** 0: as fast as it goes. */
  constructor(bytesPerSecond: number) {
    this.#bytesPerMs = bytesPerSecond / 1000;
  }

  /** Waits until it was right to have read these bytes. Throws when `signal` aborts. */
  async spend(bytes: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#bytesPerMs === 0) return;
    const now = performance.now();
    this.#dueAt = Math.max(this.#dueAt, now - burstMs) + bytes / this.#bytesPerMs;
    const wait = this.#dueAt - now;
    if (wait > 0) await pause(wait, undefined, { signal });
  }
}
