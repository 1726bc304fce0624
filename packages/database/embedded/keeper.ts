/**
 * Keeps the embedded PostgreSQL as long as the process that started this one lives. It watches its
 * standard input, which the system closes however the parent ends, and then stops PostgreSQL cleanly.
 * Says one line of JSON: {"url"} when the database answers, or {"error"} when it cannot be had.
 */
import { mkdir, realpath, rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { findBinaries } from './binaries.ts';
import { prepareCluster, stopLeftover } from './cluster.ts';
import { type Lock, takeLock } from './lock.ts';
import { type Place, preparePlace, removePlace, systemFolder } from './place.ts';
import { EmbeddedDatabaseError } from './problem.ts';
import { type Server, startServer, urlOf } from './server.ts';

export interface KeeperOrder {
  readonly dataDir: string;
  /** False: what is written may be lost when the machine goes down. For tests. */
  readonly durable: boolean;
  /** True: the database's files and `dataDir` itself are removed at the end. */
  readonly temporary: boolean;
  /** True: a server that a killed keeper left behind is stopped, and that is all. */
  readonly onlyStop: boolean;
}

const restartMs = 500;
const restarts = 10;

async function main(order: KeeperOrder): Promise<void> {
  const stop = new AbortController();
  let lock: Lock | undefined;
  const end = () => {
    lock?.stopping();
    stop.abort();
  };
  process.stdin.on('end', end).on('close', end).on('error', end).resume();
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  // The parent may be gone while we speak.
  process.stdout.on('error', () => {});
  if (process.platform !== 'linux')
    throw new EmbeddedDatabaseError('the embedded PostgreSQL runs on Linux; set DATABASE_URL');

  await mkdir(order.dataDir, { recursive: true });
  const dataDir = await realpath(order.dataDir);
  lock = await takeLock(dataDir, order.dataDir, stop.signal);
  let place: Place | undefined;
  try {
    place = await preparePlace(dataDir);
    // First of all, and also when the parent has gone already: nobody else would.
    await stopLeftover(place);
    if (order.onlyStop) return;
    stop.signal.throwIfAborted();
    const copies = process.getuid?.() === 0 ? systemFolder : dataDir;
    const binaries = await findBinaries(place.account, copies);
    await prepareCluster(place, binaries, order.durable);
    stop.signal.throwIfAborted();
    await keep(await startServer(place, binaries, order.durable), stop.signal, urlOf(place), () =>
      startServer(place as Place, binaries, order.durable),
    );
  } finally {
    if (order.temporary && place) {
      await removePlace(dataDir);
      await rm(dataDir, { recursive: true, force: true });
      if (place.sockets !== place.folder) await rm(place.sockets, { recursive: true, force: true });
    }
  }
}

async function keep(
  server: Server,
  stop: AbortSignal,
  url: string,
  startAgain: () => Promise<Server>,
): Promise<void> {
  let running = server;
  say({ url });
  const stopped = new Promise<void>((resolve) => {
    if (stop.aborted) resolve();
    else stop.addEventListener('abort', () => resolve(), { once: true });
  });
  for (let left = restarts; ; left -= 1) {
    await Promise.race([running.exited, stopped]);
    if (stop.aborted) return running.stop();
    if (left === 0) throw new EmbeddedDatabaseError(`PostgreSQL ended ${restarts} times by itself`);
    await delay(restartMs);
    running = await startAgain();
  }
}

function say(line: { url: string } | { error: string; known: boolean }): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

try {
  await main(JSON.parse(process.argv[2] ?? '{}') as KeeperOrder);
  process.exit(0);
} catch (error) {
  say({ error: (error as Error).message, known: error instanceof EmbeddedDatabaseError });
  process.exitCode = 1;
  process.stdin.destroy();
}
