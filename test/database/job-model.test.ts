/**
 * The life of jobs against a model of it: callers, workers, the queue and time do what they like in any order, entries come
 * late and twice, workers report long after they have lost their job, and after each command every row must be what the
 * model says. `RUNS=20` looks 20 times as long; a failure prints the seed that repeats it (`SEED=…`) and the shortest life
 * that fails.
 */
import fc from 'fast-check';
import t from 'tap';
import { callers, starts } from './job-model/callers.ts';
import { isCurrent, isOver, type Model } from './job-model/model.ts';
import { compare, openSystem, runnable, type System } from './job-model/system.ts';
import { time } from './job-model/time.ts';
import { claim, finish, workers } from './job-model/workers.ts';

const runs = Number(process.env.RUNS ?? 1);
const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);
t.comment(`seed ${seed}`);

/** Workers that are all there and do their work: nothing that was accepted may stay behind. */
async function workOff(model: Model, system: System): Promise<void> {
  await system.db.query(
    `update jobs set ended_at = ended_at - interval '11 seconds' where ended_at is not null`,
  );
  for (const job of model.jobs) job.longOver = isOver(job);
  system.ends.clear();
  // In each round at least one of those who hold a slot or were called comes to its end.
  for (let rounds = runnable(model).length; rounds > 0; rounds -= 1) {
    for (const entry of model.entries.filter(isCurrent)) {
      const hold = isCurrent(entry) ? await claim(model, system, entry, 'c') : undefined;
      if (hold) await finish(hold, model, system, { state: 'Complete', step: 'done' });
    }
  }
  await compare(model, system);
  const stuck = runnable(model);
  if (stuck.length > 0) throw new Error(`nobody ends ${stuck.map(({ id }) => id)}`);
}

t.test('jobs do what the model says', async (t) => {
  const { fresh } = await openSystem(t);
  // Workers do more than callers, and nothing can be done without jobs.
  const commands = fc.commands(
    [...callers, starts, starts, starts, ...workers, ...workers, ...workers, ...time],
    {
      maxCommands: 120,
      size: 'max',
    },
  );
  let done = 0;
  await fc.assert(
    fc.asyncProperty(commands, async (list) => {
      const model: Model = { jobs: [], holds: [], entries: [] };
      const system = await fresh();
      await fc.asyncModelRun(() => ({ model, real: system }), list);
      await workOff(model, system);
      done += 1;
    }),
    { numRuns: 50 * runs, seed },
  );
  t.ok(done > 0, `${done} lives`);
});
