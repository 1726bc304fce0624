/** One process of a random run, which is started again whatever ended it. */
import { setTimeout as pause } from 'node:timers/promises';
import { NotStarted } from '../../../scripts/service-process.ts';

interface Running {
  readonly pid: number;
  kill(signal: NodeJS.Signals): Promise<void>;
}

const againMs = 300;

export class Member {
  readonly name: string;
  readonly #start: () => Promise<Running>;
  #running: Running;

  constructor(name: string, running: Running, start: () => Promise<Running>) {
    this.name = name;
    this.#running = running;
    this.#start = start;
  }

  /** Ends it with `signal` and starts it again after `ms`; a start that finds no database is tried again. */
  async restart(signal: NodeJS.Signals, ms: number): Promise<void> {
    await this.#running.kill(signal);
    await pause(ms);
    for (;;) {
      try {
        this.#running = await this.#start();
        return;
      } catch (error) {
        if (!(error instanceof NotStarted)) throw error;
        await pause(againMs);
      }
    }
  }

  /** Lets it stand still for `ms`. */
  async freeze(ms: number): Promise<void> {
    process.kill(this.#running.pid, 'SIGSTOP');
    try {
      await pause(ms);
    } finally {
      process.kill(this.#running.pid, 'SIGCONT');
    }
  }
}
