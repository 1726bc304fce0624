/** Waits for a state. */
import { setTimeout as pause } from 'node:timers/promises';

const pollMs = 10;
const waitAtMostMs = 60_000;

/** Resolves when `done` gives true; throws when it takes longer than any test should. */
export async function until(done: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + waitAtMostMs;
  while (!(await done())) {
    if (Date.now() > end) throw new Error(`still not: ${done}`);
    await pause(pollMs);
  }
}
