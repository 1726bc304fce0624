/** A random run: jobs and faults as the seed says, then quiet, then the verdict. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Test } from 'tap';
import { wrongRows } from '../invariants.ts';
import { kinds, type StartedJob } from '../job-kinds.ts';
import { faultOf } from './faults.ts';
import { meanPauseMs, type Step, steps } from './schedule.ts';
import { type Stack, startStack } from './stack.ts';
import { verdict } from './verdict.ts';

export interface RunOptions {
  readonly seed: number;
  /** Ends after so many steps, or `ms`, whichever comes first. */
  readonly steps: number;
  readonly ms: number;
  /** Told each thing that happens, with the time since the beginning. */
  log(line: string): void;
}

/** Longer than leases, heartbeats and the longest of a few pauses between two attempts. */
const quietWithinMs = 240_000;
const lookEveryMs = 500;

/** Runs it as tests of `t`; gives the number of steps that were taken. */
export async function runRandom(t: Test, options: RunOptions): Promise<number> {
  const stack = await startStack(t, Math.min(options.steps, options.ms / meanPauseMs));
  if (stack === undefined) return 0;
  const began = Date.now();
  const log = (line: string) => options.log(`${((Date.now() - began) / 1000).toFixed(2)} s  ${line}`);
  const run = new Run(stack, log);
  let taken = 0;
  for (const step of steps(options.seed, options.steps)) {
    if (Date.now() - began > options.ms) break;
    run.take(step);
    taken += 1;
    await pause(step.pauseMs);
  }
  log(`${taken} steps taken; everything is put right`);
  await run.settle();
  t.ok(await becomesQuiet(stack), 'every job ends');
  t.strictSame(await verdict(stack, run), [], 'and everything is as it must be');
  t.strictSame(run.wrong, [], 'no call was answered wrongly');
  const after: StartedJob[] = [];
  for (const kind of kinds) after.push(await stack.jobs.start(kind));
  for (const { id, kind } of after) {
    const { status, error } = await stack.client.ended(id);
    t.equal(status, 'Complete', `afterwards, ${kind}: ${JSON.stringify(error)}`);
  }
  log(`${run.accepted.length} jobs accepted, ${run.unanswered} calls unanswered, ${run.refused} refused`);
  return taken;
}

class Run {
  readonly accepted: StartedJob[] = [];
  readonly cancelled = new Set<string>();
  readonly wrong: string[] = [];
  wasFull = false;
  unanswered = 0;
  refused = 0;
  readonly #stack: Stack;
  readonly #log: (line: string) => void;
  readonly #busy = new Set<string>();
  readonly #running: Promise<void>[] = [];

  constructor(stack: Stack, log: (line: string) => void) {
    this.#stack = stack;
    this.#log = log;
  }

  /** Begins a step and does not wait for its end. */
  take(step: Step): void {
    const said = `step ${step.number}: ${step.action}`;
    const kind = kinds.find((one) => one === step.action);
    const fault = faultOf(this.#stack, step);
    if (kind !== undefined) this.#go(said, () => this.#start(kind, said));
    else if (fault === undefined) this.#go(said, () => this.#cancel(step, said));
    else if (this.#busy.has(fault.target)) this.#log(`${said}: ${fault.target} has something already`);
    else {
      if (step.action === 'fill the disk') this.wasFull = true;
      this.#busy.add(fault.target);
      this.#log(`${said}: ${fault.target}, ${step.lastsMs} ms`);
      this.#running.push(
        fault.run().finally(() => {
          this.#busy.delete(fault.target);
          this.#log(`${said}: over`);
        }),
      );
    }
  }

  /** Waits for the end of all that began. */
  async settle(): Promise<void> {
    await Promise.all(this.#running);
  }

  /** A caller: what goes wrong is what callers are told. */
  #go(said: string, call: () => Promise<void>): void {
    const tell = (error: unknown) => {
      const text = (error as Error).message;
      this.#log(`${said}: ${text}`);
      // A connection that broke, or a file that was cut off with it: the caller would begin anew.
      if (/^fetch failed|^terminated|but to come back$/.test(text)) this.unanswered += 1;
      // No space; or what an unanswered try had begun already.
      else if (/: 507 |^POST \/files\/osImages.*: 409 /.test(text)) this.refused += 1;
      else this.wrong.push(`${said}: ${text}`);
    };
    this.#running.push(call().catch(tell));
  }

  async #start(kind: StartedJob['kind'], said: string): Promise<void> {
    const job = await this.#stack.jobs.start(kind);
    this.accepted.push(job);
    this.#log(`${said}: job ${job.id}`);
  }

  async #cancel({ choice }: Step, said: string): Promise<void> {
    // Of the latest, which may still run.
    const latest = this.accepted.slice(-4);
    const job = latest[Math.floor(choice * latest.length)];
    if (job === undefined) return;
    this.cancelled.add(job.id);
    await this.#stack.client.ok('PUT', '/tasks', { action: 'cancel', list: [job.id] });
    this.#log(`${said}: job ${job.id}`);
  }
}

async function becomesQuiet({ cluster }: Stack): Promise<boolean> {
  const end = Date.now() + quietWithinMs;
  const open = `select 1 from jobs where ended_at is null or slot is not null limit 1`;
  while (Date.now() < end) {
    const { rowCount } = await cluster.db.query(open);
    if (rowCount === 0 && (await wrongRows(cluster.db)).length === 0) return true;
    await pause(lookEveryMs);
  }
  return false;
}
