/**
 * An installation without processes: a database, a store and the packager's own job code, run in the test. What a test
 * imports and exports goes through the functions a worker uses, claim and end included.
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addContent, openStore, storeLimits } from '@osimage/blob-store';
import {
  createAuditTrail,
  createCustomProfile,
  type Database,
  findJobs,
  type ImportParameters,
  type JobRow,
} from '@osimage/database';
import { type FileKind, fileOptions } from '@osimage/os-media';
import { loadSecretKey } from '@osimage/secrets';
import { loadSettings } from '@osimage/settings';
import { createLogger } from '@osimage/telemetry';
import type { Test } from 'tap';
import type { PackagerContext } from '../../services/packager/context.ts';
import { Runner } from '../../services/packager/jobs/run.ts';
import { startExport } from '../../services/packager/jobs/start-export.ts';
import { createImport, startImport } from '../../services/packager/jobs/start-import.ts';
import { createPackagerMetrics } from '../../services/packager/metrics/metrics.ts';
import { onlyHere } from './addresses.ts';
import { createTestDatabase } from './database.ts';
import { addImage } from './image-rows.ts';

const user = 'USERID';

export interface Site {
  readonly context: PackagerContext;
  readonly db: Database;
  /** Imports content and gives the job at its end. */
  import(
    imageType: string,
    name: string,
    content: Buffer | string,
    more?: Partial<ImportParameters>,
  ): Promise<JobRow>;
  /** Runs a job that was started, and gives it at its end. */
  run(jobId: string): Promise<JobRow>;
  /** Imports content that must come in; gives the id of what was made. */
  imported(imageType: string, name: string, content: Buffer | string, os?: string): Promise<string>;
  /** Makes a customized profile of files that are there. */
  profile(baseId: string, name: string, files: Partial<Record<FileKind, string[]>>): Promise<string>;
  /** The bytes of a profile's archive. */
  export(profileId: string): Promise<Buffer>;
  /** All rows an import could write, and the names of all files in the store. */
  state(): Promise<unknown>;
}

/** Opens one for `t`, on a data folder of its own or the one given. */
export async function openSite(t: Test, env: NodeJS.ProcessEnv = {}): Promise<Site> {
  const { db } = await createTestDatabase(t);
  const dataDir = env.DATA_DIR ?? (await mkdtemp(join(tmpdir(), 'osimage-site-')));
  if (env.DATA_DIR === undefined) t.teardown(() => rm(dataDir, { recursive: true }));
  const settings = loadSettings({ DATA_DIR: dataDir, ...env });
  const store = await openStore(join(dataDir, 'store'), storeLimits(settings));
  const added = new Map<string, string>();
  const queue = {
    add: async (_tx: unknown, queueId: string, jobId: string) => void added.set(jobId, queueId),
  } as unknown as PackagerContext['queue'];
  const secrets = await loadSecretKey(settings);
  const log = createLogger('test', 'silent');
  const audit = createAuditTrail(db, log);
  const context = {
    settings,
    db,
    queue,
    store,
    secrets,
    addresses: onlyHere,
    log,
    audit,
    metrics: createPackagerMetrics(),
    worker: 'test',
  };
  const runner = new Runner(context);
  const run = async (jobId: string): Promise<JobRow> => {
    await runner.run(jobId, added.get(jobId) ?? '', new AbortController().signal);
    return (await findJobs(db, [jobId]))[0]!;
  };

  const site: Site = {
    context,
    db,
    run,
    async import(imageType, name, content, more = {}) {
      const order = { imageType, fileSize: 0, user, requestId: '' };
      const { jobId, stagingPath } = await createImport(context, order);
      await writeFile(join(store.root, stagingPath), content);
      const size = Buffer.byteLength(content);
      await startImport(
        context,
        jobId,
        { imageType, name, os: '', osrelease: '', description: '', size, ...more },
        user,
      );
      return await run(jobId);
    },
    async imported(imageType, name, content, os = '') {
      const job = await site.import(imageType, name, content, { os });
      if (job.state !== 'Complete' || !job.object_id) throw new Error(JSON.stringify(job.error));
      return job.object_id;
    },
    async profile(baseId, name, files) {
      const rest = { description: `about ${name}`, location: '/srv', user };
      return await db.transaction((tx) => createCustomProfile(tx, { baseId, name, files, ...rest }));
    },
    async export(profileId) {
      const signal = new AbortController().signal;
      const requestId = randomUUID();
      const order = { profileId, serverId: '', path: '', user, requestId, signal, idempotencyKey: '' };
      const { jobId, filename } = await startExport(context, order);
      const job = await run(jobId);
      if (job.state !== 'Complete') throw new Error(JSON.stringify(job.error));
      return await readFile(join(store.root, 'exports', jobId, '1', filename));
    },
    async state() {
      const rows = await Promise.all(
        ['object_ids', 'profiles', 'files', 'profile_files', 'predefined_files', 'blobs', 'job_blobs'].map(
          async (table) => (await db.query(`select * from ${table} order by 1, 2`)).rows,
        ),
      );
      const files = await Promise.all(
        ['blobs', 'staging'].map((folder) => readdir(join(store.root, folder), { recursive: true })),
      );
      return {
        rows,
        files: files.map((names) => names.filter((name) => !/^[0-9a-f]{2}$/.test(name)).sort()),
      };
    },
  };
  return site;
}

/** Puts a base image of the Red Hat family in, as rows, with predefined profiles of real unattend files. */
export async function putImage({ db, context }: Site, id: string, kinds?: readonly string[]): Promise<void> {
  await addImage(db, id, 'rhel', kinds);
  // The rows' content has no file yet; brought in again, it gets one.
  await addContent(context.store, db, Buffer.from(`unattend of ${id}`), async () => {});
}

/** Imports files; gives their ids by kind. */
export async function importFiles(
  site: Site,
  files: readonly { kind: FileKind; name: string; content: Buffer | string }[],
): Promise<Partial<Record<FileKind, string[]>>> {
  const ids: Partial<Record<FileKind, string[]>> = {};
  for (const { kind, name, content } of files) {
    const imageType = fileOptions.find((option) => option.kind === kind)!.imageType;
    const id = await site.imported(imageType, name, content);
    ids[kind] ??= [];
    ids[kind].push(id);
  }
  return ids;
}
