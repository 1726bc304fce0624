/** Counts failures in a row by key, and says how long the next attempt must wait. Only memory of this process. */

/** How failures turn into waiting. */
export interface Patience {
  /** Failures in a row that cost nothing. */
  readonly free: number;
  /** The wait after the first failure that does; it doubles with each further one. */
  readonly firstWaitMs: number;
  readonly longestWaitMs: number;
  /** Failures are forgotten when it was quiet for this long. Longer than the longest wait. */
  readonly forgetMs: number;
}

export interface FailureCounter {
  /** Failures in a row. */
  failures(key: string, patience: Patience): number;
  /** Milliseconds until the next attempt may be made; 0: now. */
  waitMs(key: string, patience: Patience): number;
  /** Counts a failure; gives what takes it back. */
  count(key: string, patience: Patience): () => void;
  forget(key: string): void;
}

/** `now` gives milliseconds. Of more than `most` keys, those that were quiet longest are forgotten. */
export function createFailureCounter(most: number, now: () => number): FailureCounter {
  const entries = new Map<string, { failures: number; last: number }>();

  function find(key: string, patience: Patience) {
    const known = entries.get(key);
    return known && now() - known.last < patience.forgetMs ? known : undefined;
  }

  return {
    failures: (key, patience) => find(key, patience)?.failures ?? 0,
    waitMs(key, patience) {
      const known = find(key, patience);
      if (!known) return 0;
      const over = known.failures - patience.free;
      if (over < 0) return 0;
      const wait = Math.min(patience.firstWaitMs * 2 ** Math.min(over, 20), patience.longestWaitMs);
      return Math.max(0, known.last + wait - now());
    },
    count(key, patience) {
      const before = find(key, patience);
      const entry = { failures: (before?.failures ?? 0) + 1, last: now() };
      entries.delete(key);
      entries.set(key, entry);
      if (entries.size > most) entries.delete(entries.keys().next().value!);
      return () => {
        const current = entries.get(key);
        if (!current) return;
        current.failures -= 1;
        // Nobody waits because of an attempt that was right.
        if (current === entry) current.last = before?.last ?? current.last;
        if (current.failures <= 0) entries.delete(key);
      };
    },
    forget(key) {
      entries.delete(key);
    },
  };
}
