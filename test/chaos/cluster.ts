/** A PostgreSQL server of one test alone, which may be killed: what is committed is on the disk before it is said. */
import { readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate, openDatabase, removeEmbedded, startEmbedded } from '@osimage/database';
import type { Test } from 'tap';
import type { TestDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';

export interface Cluster extends TestDatabase {
  /** Path of the socket it listens on, for a proxy. */
  readonly socket: string;
  /**
   * kill -9 of the server and of the process of each connection, as when the machine is short of memory. Its keeper
   * starts it again; waits until it answers.
   */
  kill(): Promise<void>;
  /** Stops it cleanly, and starts it again. */
  restart(): Promise<void>;
}

/** Starts one, migrated, for `t`. */
export async function startCluster(t: Test): Promise<Cluster> {
  const folder = await mkdtemp(join(tmpdir(), 'osimage-cluster-'));
  // As root, the database's account goes through it.
  await chmod(folder, 0o711);
  t.teardown(async () => {
    await removeEmbedded(folder);
    await rm(folder, { recursive: true, force: true });
  });
  let embedded = await startEmbedded({ dataDir: folder });
  t.teardown(() => embedded.stop());
  const { url } = embedded;
  await migrate(url);
  const db = openDatabase(url, { name: 'test', answerWithinMs: 10_000 });
  t.teardown(() => db.close());
  const pidFile = join(folder, 'postgres/cluster/postmaster.pid');
  const { searchParams } = new URL(url);
  const answers = () => until(() => db.answers(1_000));
  return {
    url,
    db,
    socket: `${searchParams.get('host')}/.s.PGSQL.${searchParams.get('port')}`,
    async kill() {
      const postmaster = Number.parseInt(readFileSync(pidFile, 'utf8'), 10);
      const children = readFileSync(`/proc/${postmaster}/task/${postmaster}/children`, 'utf8');
      for (const pid of [postmaster, ...children.trim().split(' ').map(Number)]) end(pid);
      await until(() => Number.parseInt(readPid(pidFile), 10) !== postmaster);
      await answers();
    },
    async restart() {
      await embedded.stop();
      embedded = await startEmbedded({ dataDir: folder });
      await answers();
    },
  };
}

/** The same database through a proxy of ours. */
export function throughProxy(url: string, { port }: { port: number }): string {
  const { pathname, searchParams } = new URL(url);
  return `postgresql://${searchParams.get('user')}@127.0.0.1:${port}${pathname}`;
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Between the end of one and the start of the next there is none. */
function readPid(pidFile: string): string {
  try {
    return readFileSync(pidFile, 'utf8');
  } catch {
    return '';
  }
}
