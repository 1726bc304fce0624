/** What a random run does, step by step: a function of its seed and of nothing else. */

/** Jobs come more often than faults, or there would be nothing to hurt. */
const weights = {
  upload: 12,
  fetch: 10,
  'local export': 14,
  'remote export': 14,
  cancel: 6,
  'kill -9 a packager': 3,
  'SIGSTOP a packager': 2,
  'restart a packager': 2,
  'kill -9 a gateway': 1,
  'restart a gateway': 2,
  'kill -9 PostgreSQL': 1,
  'restart PostgreSQL': 1,
  'cut the gateways off PostgreSQL': 1,
  'cut the packagers off PostgreSQL': 1,
  'silence between the packagers and PostgreSQL': 1,
  'cut off the file server': 2,
  'silence from the file server': 1,
  'fill the disk': 1,
} as const;

export type Action = keyof typeof weights;
const actions = Object.keys(weights) as Action[];

export interface Step {
  readonly number: number;
  readonly action: Action;
  /** Chooses whom it happens to, from 0 to below 1. */
  readonly choice: number;
  /** How long a fault lasts. */
  readonly lastsMs: number;
  /** Until the next step. */
  readonly pauseMs: number;
}

const longestMs = 15_000;
const longestPauseMs = 1_500;
export const meanPauseMs = longestPauseMs / 2;

/** The first `most` steps of `seed`. */
export function* steps(seed: number, most: number): Generator<Step, void, void> {
  const random = generator(seed);
  const total = actions.reduce((sum, action) => sum + weights[action], 0);
  for (let number = 1; number <= most; number += 1) {
    let left = random() * total;
    const action = actions.find((one) => {
      left -= weights[one];
      return left < 0;
    });
    yield {
      number,
      action: action ?? 'upload',
      choice: random(),
      // Mostly short: what is noticed late is met less often than what comes back at once.
      lastsMs: Math.round(random() ** 3 * longestMs),
      pauseMs: Math.round(random() * longestPauseMs),
    };
  }
}

/** Numbers from 0 to below 1: Marsaglia's xorshift with 32 bits (Journal of Statistical Software 8(14), 2003). */
function generator(seed: number): () => number {
  let state = Math.imul(seed, 2_654_435_761) | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
