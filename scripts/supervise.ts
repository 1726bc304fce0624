/** Keeps one part of the product running: what dies is started again. */
import { setTimeout as delay } from 'node:timers/promises';

/** A part that runs: a service, or the embedded database. */
export interface Part {
  readonly exited: Promise<unknown>;
  stop(): Promise<void>;
}

export interface Supervised<P extends Part> {
  readonly current: P;
  stop(): Promise<void>;
}

const firstPauseMs = 250;
const longestPauseMs = 10_000;
/** A part that ran this long was well: the next pause is short again. */
const wellMs = 30_000;

/**
 * Starts a part with `start` (a failure of this first start is thrown) and again each time it ends, after
 * pauses that grow while it keeps failing. `tell` is given one line about each. After `signal` nothing is
 * started any more; what runs is ended by stop().
 */
export async function supervise<P extends Part>(
  name: string,
  start: (signal: AbortSignal) => Promise<P>,
  tell: (line: string) => void,
  signal: AbortSignal,
): Promise<Supervised<P>> {
  const stopping = new AbortController();
  const over = AbortSignal.any([signal, stopping.signal]);
  let current = await start(over);
  const watching = watch();

  async function watch(): Promise<void> {
    let pauseMs = firstPauseMs;
    for (;;) {
      const since = Date.now();
      await current.exited;
      if (over.aborted) return;
      if (Date.now() - since > wellMs) pauseMs = firstPauseMs;
      tell(`${name} ended; it is started again`);
      for (let back = false; !back; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
        await delay(pauseMs, undefined, { signal: over });
        try {
          current = await start(over);
          back = true;
        } catch (error) {
          if (over.aborted) return;
          tell(`${name} does not start: ${(error as Error).message}`);
        }
      }
      if (over.aborted) return current.stop();
      tell(`${name} is back`);
    }
  }

  return {
    get current() {
      return current;
    },
    async stop() {
      stopping.abort();
      await current.stop();
      await watching.catch((error: Error) => {
        if (error.name !== 'AbortError') throw error;
      });
    },
  };
}
