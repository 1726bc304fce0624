/** A service as a process of its own: started, ready, ended. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

export type ServiceName = 'gateway' | 'packager';

/**
 * Both services move buffers that die young. A small young generation collects them early: with V8's usual 16 MB halves
 * buffers add up until the whole heap is marked because of them, and an upload of 1 GB took 5.5 s of processor time
 * instead of 3, and tens of megabytes more. The whole heap is collected when it is three times what lives in it: left
 * alone, V8 waits longer, and a first export of 10,000 files took 145 MB instead of 104; much earlier (1.75 times) and it is
 * the buffers that bring it about, 5 s of processor time again. A heap of malloc's own for each thread keeps as much again.
 *
 * One thread collects a small young generation: handing it out to several costs more than it saves, and with all cores busy
 * they wait for each other (gateway and packager accepted a tenth more jobs a second without).
 */
const modest = {
  // Requests leave small things behind, more of them: with 2 MB a tenth of the processor time went into collecting them.
  // Uploads and downloads of 1 GB cost the gateway the same time and memory with either.
  gateway: ['--max-semi-space-size=8', '--heap-growing-percent=200', '--no-parallel-scavenge'],
  packager: ['--max-semi-space-size=2', '--heap-growing-percent=200', '--no-parallel-scavenge'],
};

/** What a service sends over its IPC channel when a request would succeed. */
export interface Ready {
  readonly ready: true;
  /** Of a packager: host:port of its gRPC server. */
  readonly address?: string;
  /** Of the gateway: where it answers. */
  readonly url?: string;
}

export interface ServiceProcess {
  readonly pid: number;
  readonly ready: Ready;
  /** Settles when the process is gone. */
  readonly exited: Promise<Ended>;
  /** Asks it to stop and waits; it is killed when it takes longer than `ms`. */
  stop(ms: number): Promise<void>;
  kill(signal: NodeJS.Signals): Promise<void>;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A service that ended before it was ready. It has said why on its standard error. */
export class NotStarted extends Error {
  readonly ended: Ended;

  constructor(name: ServiceName, ended: Ended) {
    super(`${name} did not start (${describe(ended)})`);
    this.ended = ended;
  }
}

export interface StartOptions {
  readonly env: NodeJS.ProcessEnv;
  /** File descriptors for its output; ours unless told. */
  readonly stdout?: number;
  readonly stderr?: number;
  /** Ends a service that is not ready yet. */
  readonly signal?: AbortSignal;
  /** Folder of another checkout whose service it is. */
  readonly checkout?: string;
}

/**
 * Starts services/<name>/main.ts and waits until it is ready. The IPC channel tells the service when this
 * process is gone, however it ended. Throws NotStarted.
 */
export async function startService(name: ServiceName, options: StartOptions): Promise<ServiceProcess> {
  const main = join(options.checkout ?? join(import.meta.dirname, '..'), 'services', name, 'main.ts');
  const child = spawn(process.execPath, [...modest[name], main], {
    stdio: ['ignore', options.stdout ?? 'inherit', options.stderr ?? 'inherit', 'ipc'],
    env: { MALLOC_ARENA_MAX: '2', ...options.env },
  });
  const exited = new Promise<Ended>((resolve) =>
    child.once('exit', (code, signal) => resolve({ code, signal })),
  );
  const end = () => void stop(child, exited, 5_000);
  options.signal?.addEventListener('abort', end, { once: true });
  const ready = await Promise.race([
    new Promise<Ready>((resolve) =>
      child.on('message', (message) => {
        if (isReady(message)) resolve(message);
      }),
    ),
    exited.then((ended) => {
      throw new NotStarted(name, ended);
    }),
  ]).finally(() => options.signal?.removeEventListener('abort', end));
  return {
    pid: child.pid ?? 0,
    ready,
    exited,
    stop: (ms) => stop(child, exited, ms),
    kill: async (signal) => {
      child.kill(signal);
      await exited;
    },
  };
}

async function stop(child: ChildProcess, exited: Promise<Ended>, ms: number): Promise<void> {
  child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), ms);
  await exited;
  clearTimeout(force);
}

function isReady(message: unknown): message is Ready {
  return typeof message === 'object' && message !== null && 'ready' in message && message.ready === true;
}

/** Such as "exit code 1" or "SIGKILL". */
export function describe(ended: Ended): string {
  return ended.signal ?? `exit code ${ended.code}`;
}
