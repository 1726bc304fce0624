/**
 * Threads that hash. Starting one costs 50 to 170 ms of processor time, which is a good part of an export, so
 * one waits for the next archive as long as the process lives, and another one for a while. A waiting thread keeps
 * no process alive.
 */
import { Worker } from 'node:worker_threads';
import type { HashAnswer, HashRequest } from './hash-worker.ts';

const idleThreads = 2;
/** How long those beyond the first wait, ms. */
const idleMilliseconds = 10_000;

interface Question {
  resolve(answer: HashAnswer): void;
  reject(error: unknown): void;
}

export class HashThread {
  readonly #worker: Worker;
  readonly #open: Question[] = [];
  #failure: unknown;
  #idleTimer: NodeJS.Timeout | undefined;
  /** Kept from archive to archive: the garbage collector does not see how large it is and leaves dozens behind. */
  #memory = new SharedArrayBuffer(0);

  constructor() {
    this.#worker = new Worker(new URL('./hash-worker.ts', import.meta.url), {
      name: 'hash',
      // Not those of the parent: a debugger or a loader of a test runner has no place here.
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 },
    });
    this.#worker.on('message', (answer: HashAnswer) => this.#open.shift()?.resolve(answer));
    this.#worker.on('error', (error) => this.#fail(error));
    this.#worker.on('exit', () => this.#fail(new Error('the hash thread ended')));
  }

  /** Begins a new hash. Gives memory that the thread sees as well, `size` bytes. */
  start(size: number): Uint8Array {
    const grow = this.#memory.byteLength < size;
    if (grow) this.#memory = new SharedArrayBuffer(size);
    // A failure here is one of every later question as well, where somebody waits for it.
    this.ask({ kind: 'start', ...(grow && { memory: this.#memory }) }).catch(() => {});
    return new Uint8Array(this.#memory, 0, size);
  }

  /** Asks the thread; questions are answered in their order. */
  ask(request: HashRequest): Promise<HashAnswer> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#open.push({ resolve, reject });
      this.#worker.postMessage(request);
    });
  }

  /** Lets the next owner come, once the thread has left the memory alone. */
  giveBack(): void {
    this.ask({ kind: 'finish' }).then(
      () => {
        idle.push(this);
        this.#worker.unref();
        if (idle.length === 1) return;
        this.#idleTimer = setTimeout(
          () => void this.#end(),
          idle.length > idleThreads ? 0 : idleMilliseconds,
        );
        this.#idleTimer.unref();
      },
      () => {},
    );
  }

  /** Takes the thread back from waiting. */
  resume(): void {
    clearTimeout(this.#idleTimer);
    this.#worker.ref();
  }

  async #end(): Promise<void> {
    this.#leaveIdle();
    await this.#worker.terminate();
  }

  #leaveIdle(): void {
    const at = idle.indexOf(this);
    if (at >= 0) idle.splice(at, 1);
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    this.#leaveIdle();
    for (const { reject } of this.#open.splice(0)) reject(error);
  }
}

const idle: HashThread[] = [];

/** Gives a thread that is the caller's alone until it gives it back. */
export function borrowHashThread(): HashThread {
  const thread = idle.pop() ?? new HashThread();
  thread.resume();
  return thread;
}
