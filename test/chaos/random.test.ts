/** A short random run, always the same one; and what makes a long one happen again. */
import t from 'tap';
import { runRandom } from './random/run.ts';
import { steps } from './random/schedule.ts';

const seed = 7;
const few = 30;

const first = (seed: number, count: number) => [...steps(seed, count)];

t.test('a seed is a schedule, and another seed another one', async (t) => {
  t.strictSame(first(seed, 500), first(seed, 500));
  t.strictNotSame(first(seed, 500), first(seed + 1, 500));
  t.equal(new Set(first(seed, 2_000).map(({ action }) => action)).size, 18, 'and everything happens');
});

t.test(`the first ${few} steps of seed ${seed}`, async (t) => {
  const log = (line: string) => t.comment(line);
  await runRandom(t, { seed, steps: few, ms: Number.POSITIVE_INFINITY, log });
});
