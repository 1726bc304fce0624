/** A real PostgreSQL without installing one: the default when no DATABASE_URL is given. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { KeeperOrder } from './keeper.ts';
import { EmbeddedDatabaseError } from './problem.ts';

export { removePlace as removeEmbedded } from './place.ts';
export { findRunningEmbedded } from './running.ts';
export { EmbeddedDatabaseError };

export interface EmbeddedOptions {
  /** The database lies in its folder `postgres`, or where that points to; made when missing. */
  readonly dataDir: string;
  /** False: faster, and what is written may be lost when the machine goes down. For tests. */
  readonly durable?: boolean;
  /** True: its files and `dataDir` itself are removed when it stops. */
  readonly temporary?: boolean;
  /** Gives up starting. */
  readonly signal?: AbortSignal;
}

export interface EmbeddedDatabase {
  /** For openDatabase and migrate; stays the same at every start on this folder. */
  readonly url: string;
  /** The process that keeps it, as long as this process lives. */
  readonly keeperPid: number;
  /** Settles when it ends, by stop() or by itself. */
  readonly exited: Promise<void>;
  /** Stops it cleanly and waits for that. */
  stop(): Promise<void>;
}

/**
 * Starts PostgreSQL on a Unix socket (no port that could be taken), as an unprivileged account when this
 * is root, and waits until it answers. It ends with this process, even one that is killed.
 * Throws EmbeddedDatabaseError with one clear line, also when another process uses `dataDir`.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedDatabase> {
  options.signal?.throwIfAborted();
  const order: KeeperOrder = {
    dataDir: resolve(options.dataDir),
    durable: options.durable ?? true,
    temporary: options.temporary ?? false,
    onlyStop: false,
  };
  const keeper = runKeeper(order);
  const exited = once(keeper, 'exit').then(() => {});
  const end = () => {
    keeper.stdin.end();
    return exited;
  };
  const giveUp = () => void end();
  options.signal?.addEventListener('abort', giveUp, { once: true });
  try {
    const url = await firstLine(keeper.stdout);
    options.signal?.throwIfAborted();
    return {
      url,
      keeperPid: keeper.pid ?? 0,
      exited,
      async stop() {
        await end();
        // Killed, it left its server behind.
        if (keeper.exitCode !== 0) await once(runKeeper({ ...order, onlyStop: true }), 'exit');
      },
    };
  } catch (error) {
    await end();
    options.signal?.throwIfAborted();
    throw error;
  } finally {
    options.signal?.removeEventListener('abort', giveUp);
  }
}

function runKeeper(order: KeeperOrder): ChildProcessByStdio<Writable, Readable, null> {
  // A session of its own: Ctrl-C in a terminal reaches the services first, and they still need it.
  const keeper = spawn(process.execPath, [join(import.meta.dirname, 'keeper.ts'), JSON.stringify(order)], {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  });
  keeper.stdin.on('error', () => {});
  return keeper;
}

async function firstLine(stdout: NodeJS.ReadableStream): Promise<string> {
  const lines = createInterface({ input: stdout });
  const said = await Promise.race([once(lines, 'line'), once(lines, 'close')]);
  const line = said?.[0] as string | undefined;
  if (line === undefined) throw new EmbeddedDatabaseError('the embedded database ended while it started');
  const answer = JSON.parse(line) as { url: string } | { error: string; known: boolean };
  if ('url' in answer) return answer.url;
  throw answer.known ? new EmbeddedDatabaseError(answer.error) : new Error(answer.error);
}
