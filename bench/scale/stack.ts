/** The real services on a seeded database: one gateway, and as many packagers as a measure wants. */
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { openStore } from '@osimage/blob-store';
import { type Database, migrate, openDatabase, startEmbedded } from '@osimage/database';
import { type ServiceProcess, startService } from '../../scripts/service-process.ts';
import type { Bench } from '../measure.ts';
import { diskFolder } from '../places.ts';
import { type Answers, get, type Load } from './load.ts';
import { type SeedSize, seed } from './seed.ts';

const [user, password] = ['USERID', 'password-of-the-bench'];
const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
const stopMs = 30_000;
const pollMs = 100;

export interface Stack {
  readonly db: Database;
  /** Sends requests to the gateway; see load.ts. */
  get(paths: readonly string[], load: Load): Promise<Answers>;
  /** Starts or stops packagers until there are so many, and a gateway that knows them. */
  packagers(count: number): Promise<void>;
  /** Resolves when no job is left to do. */
  idle(): Promise<void>;
  /** Ends all jobs that are left to do, so that the next measure is not disturbed by them. */
  drop(): Promise<void>;
}

/** Seeds a database of its own and starts nothing yet; everything is undone at the end of the bench. */
export async function startStack(bench: Bench, size: SeedSize): Promise<Stack> {
  const dataDir = await diskFolder(bench);
  const database = await startEmbedded({ dataDir: await diskFolder(bench), temporary: true });
  bench.atEnd(() => database.stop());
  await migrate(database.url);
  const db = openDatabase(database.url, { max: 2, name: 'bench' });
  bench.atEnd(() => db.close());
  bench.say(`seeding ${size.jobs} jobs and ${size.profiles} profiles`);
  await seed(db, await openStore(join(dataDir, 'store')), size);

  const env = {
    PATH: process.env.PATH,
    DATABASE_URL: database.url,
    DATA_DIR: dataDir,
    ADMIN_USER: user,
    ADMIN_PASSWORD: password,
    // The usual million is what is seeded: the first of them would be purged, and then not found.
    RETAIN_JOBS_COUNT: '100000000',
    PACKAGER_LISTEN: '127.0.0.1:0',
    GATEWAY_PORT: '0',
  };
  // They log as usual, into a file that goes with the rest.
  const log = openSync(join(dataDir, 'services.log'), 'a');
  const options = { stdout: log, stderr: log };
  const running: ServiceProcess[] = [];
  let gateway: ServiceProcess | undefined;
  bench.atEnd(async () => {
    await gateway?.stop(stopMs);
    for (const packager of running) await packager.stop(stopMs);
  });
  const unfinished = async () => {
    const { rows } = await db.query<{ count: number }>('select count(*) from jobs where ended_at is null');
    return rows[0]!.count;
  };
  const idle = async () => {
    while ((await unfinished()) > 0) await new Promise((resolve) => setTimeout(resolve, pollMs));
  };
  return {
    db,
    get: (paths, load) => get({ url: gateway?.ready.url ?? '', authorization, paths, load }),
    idle,
    async packagers(count) {
      await gateway?.stop(stopMs);
      while (running.length > count) await running.pop()!.stop(stopMs);
      while (running.length < count) running.push(await startService('packager', { ...options, env }));
      const address = `ipv4:${running.map(({ ready }) => ready.address).join(',')}`;
      gateway = await startService('gateway', { ...options, env: { ...env, PACKAGER_ADDRESS: address } });
    },
    async drop() {
      await db.query(
        `update jobs set state = 'Cancelled', ended_at = now(), percent = 100 where ended_at is null and state = 'Pending'`,
      );
      await db.query(`delete from pgboss.job where name = 'jobs' and state in ('created', 'retry')`);
      await idle();
    },
  };
}
