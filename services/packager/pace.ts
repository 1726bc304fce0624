/** Keeps a transfer to a number of bytes a second, evenly. */
import { setTimeout as pause } from 'node:timers/promises';

/** What a pace needs to know of time, milliseconds. */
export interface Clock {
  now(): number;
  /** Throws the reason of the signal. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

const realClock: Clock = {
  now: () => performance.now(),
  wait: async (ms, signal) => {
    await pause(ms, undefined, { signal }).catch(() => signal.throwIfAborted());
  },
};

/** Bursts are this short, milliseconds: below what a link or whoever shares it would notice. */
const BURST_MS = 50;

// Nobody gets slower than this by small parts: what goes around a write is less than a hundredth of it.
const SMALLEST_PART = 4 * 1024;

/** A bucket that fills evenly and holds what may go in one burst. Without a rate it lets everything through. */
export class Pace {
  readonly #bytesPerSecond: number | undefined;
  readonly #clock: Clock;
  /** When everything that was let through so far is paid for. */
  #paidAt: number;

  constructor(bytesPerSecond: number | undefined, clock = realClock) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#clock = clock;
    this.#paidAt = clock.now() - BURST_MS;
  }

  /** Bytes to send at once, at most. */
  get part(): number {
    if (this.#bytesPerSecond === undefined) return Number.POSITIVE_INFINITY;
    return Math.max(SMALLEST_PART, Math.floor((this.#bytesPerSecond * BURST_MS) / 1000));
  }

  /** Waits until so many bytes more may be sent. Throws the reason of the signal. */
  async take(bytes: number, signal: AbortSignal): Promise<void> {
    if (this.#bytesPerSecond === undefined) return;
    const now = this.#clock.now();
    // What was not used is not saved up beyond one burst.
    this.#paidAt = Math.max(this.#paidAt, now - BURST_MS) + (bytes / this.#bytesPerSecond) * 1000;
    const ms = this.#paidAt - now;
    if (ms > 0) await this.#clock.wait(ms, signal);
  }
}
