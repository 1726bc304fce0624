/**
 * How many channels a transfer needs. OpenSSH lets 2 MiB be on the way over each, so one channel moves 2 MiB in a
 * round trip and no more, however fast the link is: 40 MB/s at 50 ms, 10 MB/s at 200 ms.
 */

/** Bytes on the way over one channel; what OpenSSH grants (its CHAN_SES_WINDOW_DEFAULT). */
const WINDOW_BYTES = 2 * 1024 * 1024;

/**
 * What to plan for before anything is known of the link but its delay. More than the encryption of one process
 * makes, because opening channels later would cost round trips again, and a channel that is not needed costs nothing.
 */
const HOPED_BYTES_PER_SECOND = 250_000_000;

/** So that not more than 64 MiB are on the way at any time. */
export const MOST_LANES = 32;

/** A lane that carries less than this was not worth its opening. */
const LEAST_BYTES = 4 * 1024 * 1024;

export interface LinkNeeds {
  readonly roundTripMs: number;
  /** Bytes to send. */
  readonly size: number;
  readonly bytesPerSecond: number | undefined;
  /** Transfers to the same server that share the link, this one too. */
  readonly sharing: number;
}

/** Channels to begin with, one at least. */
export function lanesFor({ roundTripMs, size, bytesPerSecond, sharing }: LinkNeeds): number {
  const hoped = Math.min(bytesPerSecond ?? HOPED_BYTES_PER_SECOND, HOPED_BYTES_PER_SECOND / sharing);
  const onTheWay = (hoped * roundTripMs) / 1000;
  const useful = Math.min(Math.ceil(onTheWay / WINDOW_BYTES), Math.floor(size / LEAST_BYTES));
  return Math.max(1, Math.min(useful, MOST_LANES));
}

/** What happened since the last look. */
export interface Interval {
  readonly bytes: number;
  readonly ms: number;
  /** Part of the time in which every window was used up although the link took everything. */
  readonly blockedMs: number;
}

/** Adds channels as long as the windows are what limits, and the last ones brought something. */
export class LaneGrowth {
  #fastest = 0;

  /** Gives how many there should be from now on. */
  next(lanes: number, { bytes, ms, blockedMs }: Interval): number {
    const speed = bytes / ms;
    if (blockedMs < ms / 4 || speed < this.#fastest * 1.1) return lanes;
    this.#fastest = speed;
    return Math.min(MOST_LANES, Math.ceil(lanes * 1.5));
  }
}
