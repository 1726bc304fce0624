/**
 * A database as it is after years: a million jobs that ended and 100,000 customized profiles, each of which can be
 * exported. Rows come from the database itself, so a million take a minute or two.
 */
import { addContent, type BlobStore } from '@osimage/blob-store';
import type { Database } from '@osimage/database';

export interface SeedSize {
  /** Jobs that have ended, each with its attempt. */
  readonly jobs: number;
  /** Customized profiles, in images of a thousand. */
  readonly profiles: number;
}

const profilesOfImage = 1_000;
const content = Buffer.from('#!/bin/sh\necho seeded\n'.repeat(40));

/** The id of a seeded profile; numbers begin with 0. */
export function profileId(number: number): string {
  return `seed${Math.floor(number / profilesOfImage)}|seed-${number}`;
}

/** Fills an empty, migrated database. */
export async function seed(db: Database, store: BlobStore, size: SeedSize): Promise<void> {
  await seedProfiles(db, store, size.profiles);
  await seedJobs(db, size);
  // As autovacuum would in time.
  await db.query('vacuum analyze');
}

async function seedProfiles(db: Database, store: BlobStore, count: number): Promise<void> {
  const { sha256, rawSize } = await addContent(store, db, content, async (_tx, blob) => blob);
  const images = Math.ceil(count / profilesOfImage);
  const seeded = (id: string, kind: string, last: number) =>
    db.query(`insert into object_ids (id, kind) select ${id}, $1 from generate_series(0, $2) as n`, [
      kind,
      last - 1,
    ]);
  await seeded(`'seed' || n`, 'image', images);
  await seeded(`'seed' || n / ${profilesOfImage} || '|seed-' || n`, 'profile', count);
  await seeded(`'seed-script-' || n`, 'file', 1);
  await db.query(
    `insert into images (id, name, family, os, osrelease, arch, size, sha256, created_by)
     select 'seed' || n, 'seed' || n, 'rhel', 'rhels', 'seed' || n, 'x86_64', $1, decode($2, 'hex'), 'USERID'
     from generate_series(0, $3) as n`,
    [rawSize, sha256, images - 1],
  );
  await db.query(
    `insert into files (id, kind, name, type, size, sha256, created_by)
     values ('seed-script-0', 'script', 'seed.sh', 'SCRIPT', $1, decode($2, 'hex'), 'USERID')`,
    [rawSize, sha256],
  );
  await db.query(
    `insert into profiles (id, image_id, kind, name, created_by, modified_by)
     select 'seed' || n / ${profilesOfImage} || '|seed-' || n, 'seed' || n / ${profilesOfImage}, 'custom', 'seed-' || n,
       'USERID', 'USERID'
     from generate_series(0, $1) as n`,
    [count - 1],
  );
  await db.query(
    `insert into profile_files (profile_id, file_id, position) select id, 'seed-script-0', 1 from profiles`,
  );
}

/** Of eight jobs six are complete, one failed and one was cancelled; ten people started them, one a second. */
async function seedJobs(db: Database, { jobs, profiles }: SeedSize): Promise<void> {
  await db.query(
    `insert into jobs (kind, state, title, created_by, created_at, started_at, ended_at, attempt, worker, step,
       bytes_done, bytes_total, percent, profile_id, filename, final_path, size, error)
     select case when n % 5 = 0 then 'import' else 'export' end,
       case n % 8 when 6 then 'StoppedWithError' when 7 then 'Cancelled' else 'Complete' end,
       'Export OS-image profile seed-' || n % $2, 'user-' || n % 10, at, at, at + interval '3 s', 1, 'seed/1', 'done',
       1e8, 1e8, 100, 'seed' || n % $2 / ${profilesOfImage} || '|seed-' || n % $2, 'seed-' || n || '.tar.gz',
       'seed-' || n || '.tar.gz', 1e8,
       case n % 8 when 6 then '{"id": "FQXHMFC9999", "code": "seeded", "text": "It failed.", "recovery": ""}'::jsonb end
     from generate_series(1, $1) as n, lateral (select now() - ($1 - n) * interval '1 s' as at) as started`,
    [jobs, profiles],
  );
  await db.query(
    `insert into job_attempts (job_id, attempt, worker, started_at, ended_at)
     select id, 1, 'seed/1', started_at, ended_at from jobs`,
  );
}
