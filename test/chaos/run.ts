/**
 * `npm run chaos -- --minutes 10 --seed 1`: jobs, and everything that can go wrong, as the seed says; then every
 * invariant is checked. `--steps N` ends after so many steps instead: with the seed, that is a failure again.
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import t from 'tap';
import { runRandom } from './random/run.ts';

const mostSeed = 2 ** 31;
/** For the start, the quiet at the end and the verdict. */
const restMs = 15 * 60_000;

const { values } = parseArgs({
  options: { minutes: { type: 'string' }, seed: { type: 'string' }, steps: { type: 'string' } },
});
const seed = whole('seed', values.seed, randomInt(1, mostSeed));
const steps = whole('steps', values.steps, Number.POSITIVE_INFINITY);
const ms = whole('minutes', values.minutes, values.steps === undefined ? 10 : 24 * 60) * 60_000;
t.setTimeout(ms + restMs);
const command = (taken: number | string) => `npm run chaos -- --seed ${seed} --steps ${taken}`;

await t.test(`seed ${seed}`, { timeout: ms + restMs }, async (t) => {
  const taken = await runRandom(t, { seed, steps, ms, log: (line) => t.comment(line) });
  t.comment(`again: ${command(taken)}`);
  if (!t.passing()) process.stderr.write(`failed; again: ${command(taken)}\n`);
});

function whole(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (Number.isInteger(value) && value > 0 && value < mostSeed) return value;
  process.stderr.write(`--${name} must be a whole number from 1 to ${mostSeed - 1}, not ${text}\n`);
  return process.exit(2);
}
