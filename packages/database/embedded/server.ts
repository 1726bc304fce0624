/** The running PostgreSQL process: started again when it dies by itself, stopped by fast shutdown. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, stat, truncate } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { type Binaries, program } from './binaries.ts';
import { databaseName, runAs, stopLeftover } from './cluster.ts';
import type { Place } from './place.ts';
import { EmbeddedDatabaseError } from './problem.ts';

const pollMs = 20;
const startMs = 60_000;
const stopMs = 30_000;
const largestLog = 16 * 2 ** 20;

export interface Server {
  /** Ends when the server ends, by itself or by stop(). */
  readonly exited: Promise<void>;
  stop(): Promise<void>;
}

/** How services reach the server in `place`: the URL form of libpq for a socket folder. */
export function urlOf(place: Place, database: string = databaseName): string {
  return `postgresql:///${database}?host=${encodeURIComponent(place.sockets)}&port=5432&user=${databaseName}`;
}

/** Starts PostgreSQL on the cluster of `place` and waits until the database answers. */
export async function startServer(place: Place, binaries: Binaries, durable: boolean): Promise<Server> {
  await stopLeftover(place);
  const settings: Record<string, string> = {
    listen_addresses: '',
    unix_socket_directories: place.sockets,
    unix_socket_permissions: '0700',
    max_connections: '200',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_checkpoints: 'off',
    ...(!durable && { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  };
  const args = ['-D', place.cluster];
  for (const [name, value] of Object.entries(settings)) args.push('-c', `${name}=${value}`);
  const size = (await stat(place.log).catch(() => undefined))?.size ?? 0;
  if (size > largestLog) await truncate(place.log);
  const log = await open(place.log, 'a', 0o600);
  let child: ChildProcess;
  try {
    child = spawn(program(binaries, 'postgres'), args, {
      ...runAs(place.account),
      stdio: ['ignore', log.fd, log.fd],
    });
  } finally {
    await log.close();
  }
  const over = new AbortController();
  const exited = once(child, 'exit').then(
    () => over.abort(),
    () => over.abort(),
  );
  const server = { exited, stop: () => stopServer(child, exited) };
  try {
    await waitUntilReady(place, over.signal);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

async function stopServer(child: ChildProcess, exited: Promise<void>): Promise<void> {
  child.kill('SIGINT');
  const force = setTimeout(() => child.kill('SIGQUIT'), stopMs);
  await exited;
  clearTimeout(force);
}

async function waitUntilReady(place: Place, exited: AbortSignal): Promise<void> {
  const deadline = Date.now() + startMs;
  for (;;) {
    if (exited.aborted)
      throw new EmbeddedDatabaseError(`PostgreSQL ended while it started; see ${place.log}`);
    const client = new pg.Client({ connectionString: urlOf(place, 'postgres') });
    client.on('error', () => {});
    try {
      await client.connect();
      const found = await client.query('select 1 from pg_database where datname = $1', [databaseName]);
      if (found.rowCount === 0) await client.query(`create database ${databaseName}`);
      return;
    } catch (error) {
      if (Date.now() > deadline)
        throw new EmbeddedDatabaseError(
          `PostgreSQL does not answer: ${(error as Error).message}; see ${place.log}`,
        );
      await delay(pollMs);
    } finally {
      await client.end().catch(() => {});
    }
  }
}
