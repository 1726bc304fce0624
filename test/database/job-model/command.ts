/** What all commands have in common. */
import type fc from 'fast-check';
import type { Model, ModelJob } from './model.ts';
import { compare, type System } from './system.ts';

/** A command that does something to both, whose rows are compared afterwards. */
export function command(
  name: string,
  run: (model: Model, system: System) => Promise<void>,
): fc.AsyncCommand<Model, System> {
  return {
    check: () => true,
    async run(model, system) {
      await run(model, system);
      await compare(model, system);
    },
    toString: () => name,
  };
}

/** One of those that are wanted and not deleted, by a number; undefined: there is none. */
export function pick(
  jobs: readonly ModelJob[],
  wanted: (job: ModelJob) => boolean = () => true,
  number: number,
): ModelJob | undefined {
  const there = jobs.filter((job) => !job.deleted && wanted(job));
  return there[number % there.length];
}

/** As pick, but rather one of those that are `liked`: two times of three, where there is one. */
export function pickRather(
  jobs: readonly ModelJob[],
  liked: (job: ModelJob) => boolean,
  number: number,
): ModelJob | undefined {
  return (number % 3 > 0 ? pick(jobs, liked, number) : undefined) ?? pick(jobs, undefined, number);
}

export const isImport = ({ kind }: ModelJob): boolean => kind === 'import';
