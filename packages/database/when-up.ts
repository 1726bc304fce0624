/** The start of a service whose database may not be there yet. */
import { setTimeout as pause } from 'node:timers/promises';
import { isDatabaseAway } from '@osimage/errors';

const firstPauseMs = 250;
const longestPauseMs = 2_000;
const tellEveryMs = 60_000;

export interface WaitOptions {
  /** Told at once why it waits, and every minute again. */
  readonly onWait: (why: Error) => void;
  /** Ends the waiting. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Does `work`, again and again while the database is away: a service that starts waits for it as long as one that runs
 * does. Throws the reason of the signal, or what else `work` throws.
 */
export async function whenUp<Result>(
  work: () => Promise<Result>,
  { onWait, signal }: WaitOptions,
): Promise<Result> {
  const { promise: stopped, reject: stop } = Promise.withResolvers<never>();
  stopped.catch(() => {});
  const onAbort = () => stop(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted) onAbort();
  let told = Number.NEGATIVE_INFINITY;
  try {
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
      try {
        return await Promise.race([stopped, work()]);
      } catch (error) {
        if (signal?.aborted || !isDatabaseAway(error)) throw error;
        if (performance.now() - told >= tellEveryMs) {
          told = performance.now();
          onWait(error as Error);
        }
        await Promise.race([stopped, pause(pauseMs)]);
      }
    }
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}
