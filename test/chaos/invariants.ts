/** What must be true once every job has ended, whatever died meanwhile. Each function gives what is wrong, in words. */
import { createReadStream } from 'node:fs';
import { readdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { verifyArchive } from '@osimage/archive';
import { type BlobStore, cleanStore } from '@osimage/blob-store';
import type { Database, JobRow } from '@osimage/database';
import { checkSum } from '../support/delivery.ts';
import { filesBelow } from '../support/files-below.ts';

/** Rows: every job has one end, nothing is held for one any more, and what it made is there once. */
export async function wrongRows(db: Database): Promise<string[]> {
  const found = await Promise.all(
    Object.entries({
      'has not ended': `select id::text as what from jobs where ended_at is null and queue_id is not null`,
      'has an attempt without an end': `select job_id::text as what from job_attempts where ended_at is null`,
      'keeps content': `select distinct job_id::text as what from job_blobs`,
      'is complete by other than one attempt': `select j.id::text as what from jobs j where state = 'Complete'
         and (select count(*) from job_attempts a where a.job_id = j.id and a.error is null) < 1`,
      'made something that is not there once': `select j.id::text as what from jobs j
         where state = 'Complete' and kind = 'export' and server_id is null
           and (select count(*) from archives a where a.job_id = j.id) <> 1`,
      'named what is not there': `select j.id::text as what from jobs j where state = 'Complete' and kind = 'import'
           and object_id is not null and import->>'imageType' = 'SCRIPT'
           and not exists (select from files f where f.id = j.object_id and f.sha256 = j.sha256)`,
      'has not ended and made something': `select a.job_id::text as what from archives a join jobs j on j.id = a.job_id
         where j.state <> 'Complete'`,
      'has a queue entry that waits': `select j.id::text as what from jobs j join pgboss.job q on q.id = j.queue_id
         where j.ended_at is not null and q.state in ('created', 'retry')`,
    }).map(async ([wrong, query]) => {
      const { rows } = await db.query<{ what: string }>(query);
      return rows.map(({ what }) => `job ${what} ${wrong}`);
    }),
  );
  const files = await db.query<{ what: string }>(
    `select name as what from files where id not in (select object_id from jobs where object_id is not null)`,
  );
  return [...found.flat(), ...files.rows.map(({ what }) => `file ${what} came from no job`)];
}

/**
 * The store, once everything a crash may leave is an hour old and collected: each row has its file, each file its row,
 * and every archive is what its row says.
 */
export async function wrongFiles(db: Database, store: BlobStore): Promise<string[]> {
  await age(join(store.root, 'blobs'));
  await cleanStore(db, store, { olderThanMs: 0 });
  const wrong = await strayFiles(db, store);
  const { rows } = await db.query<{ path: string; size: number; sha256: string }>(
    `select physical_path as path, size, encode(sha256, 'hex') as sha256 from archives where deleted_at is null`,
  );
  for (const { path, ...row } of rows) wrong.push(...(await wrongArchive(join(store.root, path), row)));
  return wrong;
}

/** The store as it is: files that no row names, and those that are missing. */
export async function strayFiles(db: Database, store: BlobStore): Promise<string[]> {
  const wrong: string[] = [];
  const compare = async (folder: string, query: string) => {
    const there = await filesBelow(join(store.root, folder));
    const { rows } = await db.query<{ name: string }>(query);
    const named = new Set(rows.map(({ name }) => name));
    wrong.push(
      ...there
        .filter((name) => !named.delete(name))
        .map((name) => `${folder} has ${name}, which no row names`),
    );
    wrong.push(...[...named].map((name) => `${folder} lacks ${name}`));
  };
  await compare('blobs', `select left(physical_name, 2) || '/' || physical_name as name from blobs`);
  await compare('exports', `select substr(physical_path, 9) as name from archives where deleted_at is null`);
  await compare('staging', `select id::text as name from jobs where ended_at is null and queue_id is null`);
  return wrong;
}

/**
 * The process that ended a job, after attempts by `first` alone that failed: one that is held too long in the middle of a
 * transaction loses that and begins again, before it is lost itself.
 */
export function whoseItWas({ attempts }: JobRow, first: number): string {
  const pidOf = ({ worker }: { worker: string }) => worker.split('/').at(-1) ?? '';
  const last = attempts.at(-1);
  const rest = attempts.slice(0, -1);
  if (!last || last.error || !rest.every((one) => one.error && pidOf(one) === String(first)))
    return JSON.stringify(attempts);
  return pidOf(last);
}

/** A folder on a file server: the archive that was delivered, its checksum, and nothing else. */
export async function wrongDelivery(folder: string, { filename, size, sha256 }: JobRow): Promise<string[]> {
  const there = (await readdir(folder)).sort();
  const wanted = [`${filename}`, `${filename}.sha256`].sort();
  if (there.join() !== wanted.join()) return [`${folder} has ${there}, not ${wanted}`];
  const path = join(folder, `${filename}`);
  const said = await checkSum(path);
  const archive = await wrongArchive(path, { size: Number(size), sha256: `${sha256}` });
  return [...(said.endsWith(': OK') ? [] : [said]), ...archive];
}

async function wrongArchive(path: string, row: { size: number; sha256: string }): Promise<string[]> {
  try {
    const { size, sha256 } = await verifyArchive(createReadStream(path));
    return size === row.size && sha256 === row.sha256 ? [] : [`${path} is not what its row says`];
  } catch (error) {
    return [`${path}: ${(error as Error).message}`];
  }
}

async function age(folder: string): Promise<void> {
  const longAgo = new Date(Date.now() - 2 * 3_600_000);
  for (const file of await filesBelow(folder)) await utimes(join(folder, file), longAgo, longAgo);
}
