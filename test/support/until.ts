/** Waits for a state. */
import { setTimeout as pause } from 'node:timers/promises';

const pollMs = 10;
const waitAtMostMs = 60_000;

/** Gives what `ready` gives, once that is neither undefined nor false; throws when it takes longer than any test should. */
export async function until<Result>(
  ready: () => Result | undefined | false | Promise<Result | undefined | false>,
): Promise<Result> {
  const end = Date.now() + waitAtMostMs;
  for (;;) {
    const result = await ready();
    if (result !== undefined && result !== false) return result;
    if (Date.now() > end) throw new Error(`still not: ${ready}`);
    await pause(pollMs);
  }
}
