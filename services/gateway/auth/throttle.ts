/**
 * Slows down guessing. Counted for one account from one address, so that somebody elsewhere who guesses
 * cannot lock the account's owner out.
 */
import { Problem } from '@osimage/errors';

/** Failures in a row that cost nothing: people mistype. */
const freeFailures = 10;
const firstWaitMs = 1_000;
const longestWaitMs = 60_000;
/** Failures are forgotten when it was quiet for this long. */
const forgetMs = 15 * 60_000;
/** Pairs remembered at once; the oldest are forgotten first. */
const mostPairs = 10_000;

export interface Throttle {
  /** Counts an attempt as failed beforehand; throws Problem `too_many_requests` when it comes too early. */
  attempt(account: string, address: string): void;
  /** Forgets the failures: the attempt was right. */
  succeeded(account: string, address: string): void;
}

interface Entry {
  failures: number;
  last: number;
  notBefore: number;
}

/** `now` gives milliseconds. */
export function createThrottle(now: () => number = Date.now): Throttle {
  const entries = new Map<string, Entry>();
  const keyOf = (account: string, address: string) => `${address} ${account}`;
  return {
    attempt(account, address) {
      const key = keyOf(account, address);
      const time = now();
      const known = entries.get(key);
      const entry = known && time - known.last < forgetMs ? known : { failures: 0, last: time, notBefore: 0 };
      if (time < entry.notBefore)
        throw new Problem('too_many_requests', { seconds: Math.ceil((entry.notBefore - time) / 1000) });
      // Counted before the password is checked: a hundred guesses sent at once must not all be the first.
      entry.failures += 1;
      entry.last = time;
      const over = entry.failures - freeFailures;
      entry.notBefore = over < 0 ? 0 : time + Math.min(firstWaitMs * 2 ** Math.min(over, 10), longestWaitMs);
      entries.delete(key);
      entries.set(key, entry);
      if (entries.size > mostPairs) entries.delete(entries.keys().next().value!);
    },
    succeeded(account, address) {
      entries.delete(keyOf(account, address));
    },
  };
}
