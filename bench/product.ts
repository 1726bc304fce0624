/** The product as it runs, with a store in a folder of the bench. */
import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Database, openDatabase, startEmbedded } from '@osimage/database';
import { startService } from '../scripts/service-process.ts';
import { RestClient } from '../test/support/client.ts';
import type { CorpusFile } from './corpus.ts';
import type { Bench } from './measure.ts';

const password = 'password-of-the-bench';
/** Seldom, because on two cores watching takes time away from what is watched. */
const pollMs = 100;

export interface Product {
  readonly client: RestClient;
  readonly db: Database;
  /** Absolute path of the store. */
  readonly store: string;
  readonly packagerPid: number;
  readonly gatewayPid: number;
}

/** Starts database, packager and gateway; they are stopped when the bench ends. */
export async function startProduct(bench: Bench, folder: string): Promise<Product> {
  const dataDir = join(folder, 'data');
  await mkdir(dataDir);
  const databaseDir = await mkdtemp(join(tmpdir(), 'osimage-bench-'));
  const database = await startEmbedded({ dataDir: databaseDir, temporary: true });
  bench.atEnd(() => database.stop());
  const env = {
    PATH: process.env.PATH,
    DATABASE_URL: database.url,
    DATA_DIR: dataDir,
    ADMIN_PASSWORD: password,
    LOG_LEVEL: 'silent',
    PACKAGER_LISTEN: '127.0.0.1:0',
    GATEWAY_PORT: '0',
  };
  const packager = await startService('packager', { env });
  bench.atEnd(() => packager.stop(20_000));
  const gateway = await startService('gateway', {
    env: { ...env, PACKAGER_ADDRESS: packager.ready.address },
  });
  bench.atEnd(() => gateway.stop(20_000));
  const db = openDatabase(database.url, { max: 2, name: 'bench' });
  bench.atEnd(() => db.close());
  return {
    client: new RestClient(gateway.ready.url ?? '', 'USERID', password),
    db,
    store: join(dataDir, 'store'),
    packagerPid: packager.pid,
    gatewayPid: gateway.pid,
  };
}

/** The corpus with what an importer says about it. */
export function asOrders(files: readonly CorpusFile[]) {
  return files.map((file) => ({
    ...file,
    ...(file.imageType === 'OS' && { os: 'win', osrelease: 'win2016' }),
  }));
}

/**
 * Waits for a job and gives the seconds from its creation (of an import: from the start of its work, which is
 * right after the upload) to its end, as the database's clock has them. Throws when it failed.
 */
export async function secondsOf({ client, db }: Product, jobId: string): Promise<number> {
  for (;;) {
    const task = await client.task(jobId);
    if (task.percentage === 100 && task.status !== 'Complete') throw new Error(JSON.stringify(task));
    if (task.percentage === 100) break;
    await pause(pollMs);
  }
  const { rows } = await db.query<{ seconds: number }>(
    `select extract(epoch from ended_at - case kind when 'import' then started_at else created_at end)::float8
       as seconds from jobs where id = $1`,
    [jobId],
  );
  return rows[0]!.seconds;
}

/** Exports a profile to a file of the store and takes it away again; gives the seconds of the job. */
export async function exportOnce(product: Product, profileId: string): Promise<number> {
  const { jobID, filename } = await product.client.export(profileId);
  const seconds = await secondsOf(product, jobID);
  await product.client.ok('DELETE', `/osImages/${filename}`, {});
  return seconds;
}
