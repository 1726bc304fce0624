/** One PostgreSQL cluster: made once, opened again, never opened by the wrong version. */
import { spawn } from 'node:child_process';
import { readFile, readlink, realpath, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Account } from './account.ts';
import { type Binaries, program } from './binaries.ts';
import type { Place } from './place.ts';
import { EmbeddedDatabaseError } from './problem.ts';

/** The database's own superuser; also the name of the database. */
export const databaseName = 'osimage';

const pollMs = 20;
const fastStopMs = 20_000;

/** Options for spawn that run a program as `account`, with nothing of our environment. */
export function runAs(account: Account | undefined) {
  return {
    cwd: '/',
    env: { LC_ALL: 'C', TZ: 'UTC' },
    ...(account && { uid: account.uid, gid: account.gid }),
  };
}

/** Makes the cluster when there is none; throws EmbeddedDatabaseError when its version is another one. */
export async function prepareCluster(place: Place, binaries: Binaries, durable: boolean): Promise<void> {
  const made = await clusterMajor(place.cluster);
  if (made === binaries.major) return;
  if (made !== undefined)
    throw new EmbeddedDatabaseError(
      `the embedded database in ${place.cluster} was made by PostgreSQL ${made} and this is PostgreSQL ${binaries.major}; move its content over with pg_dump of ${made}, or set DATABASE_URL`,
    );
  // Under another name until it is whole: what a crash leaves is thrown away.
  const fresh = `${place.cluster}.new`;
  await rm(fresh, { recursive: true, force: true });
  await initialise(fresh, place.account, binaries, durable);
  await rename(fresh, place.cluster);
}

async function clusterMajor(cluster: string): Promise<string | undefined> {
  try {
    return (await readFile(join(cluster, 'PG_VERSION'), 'utf8')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Text sorts by code point with PostgreSQL's own C.UTF-8 (since 17), which needs no locale of the machine.
 * Who may connect is decided by the socket, which only its owner and root can open.
 */
async function initialise(
  folder: string,
  account: Account | undefined,
  binaries: Binaries,
  durable: boolean,
) {
  const args = ['-D', folder, '-U', databaseName, '--auth=trust', '--encoding=UTF8', '--locale=C'];
  args.push('--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--no-instructions');
  if (!durable) args.push('--no-sync');
  const child = spawn(program(binaries, 'initdb'), args, {
    ...runAs(account),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const code = await ended(child);
  if (code === 0) return;
  const reason =
    said
      .trim()
      .split('\n')
      .find((line) => /error|fatal|cannot|could not/i.test(line)) ?? said.trim();
  throw new EmbeddedDatabaseError(
    `the embedded database could not be made: ${reason || `initdb ended with ${code}`}`,
  );
}

/** Waits for a child; gives its exit code, or the signal that ended it; throws when it cannot be started. */
function ended(child: ReturnType<typeof spawn>): Promise<number | NodeJS.Signals | null> {
  const { promise, resolve, reject } = Promise.withResolvers<number | NodeJS.Signals | null>();
  child.on('error', (error) =>
    reject(new EmbeddedDatabaseError(`PostgreSQL cannot be run: ${error.message}`)),
  );
  child.on('exit', (code, signal) => resolve(code ?? signal));
  return promise;
}

/**
 * Ends a server that outlived its keeper, by fast shutdown. Its pid file may also name a process that has
 * nothing to do with it (pids are used again): then only the file is removed, for PostgreSQL would not start.
 */
export async function stopLeftover(place: Place): Promise<void> {
  const pidFile = join(place.cluster, 'postmaster.pid');
  const text = await readFile(pidFile, 'utf8').catch(() => undefined);
  if (text === undefined) return;
  const pid = Number.parseInt(text, 10);
  const cluster = await realpath(place.cluster);
  const running = async () => (await readlink(`/proc/${pid}/cwd`).catch(() => '')) === cluster;
  const deadline = Date.now() + fastStopMs;
  if (await running()) process.kill(pid, 'SIGINT');
  while (await running()) {
    if (Date.now() > deadline) process.kill(pid, 'SIGQUIT');
    await delay(pollMs);
  }
  await rm(pidFile, { force: true });
}
