/** A database as it is after years, with much to do: jobs, archives and profiles kept, and many jobs queued. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '@osimage/blob-store';
import { type Database, queueName, queueSchema } from '@osimage/database';
import { createLogger } from '@osimage/telemetry';
import type { Test } from 'tap';
import { profileId, type SeedSize, seed } from '../../bench/scale/seed.ts';
import { openQueue } from '../../services/packager/jobs/queue.ts';
import { createTestDatabase } from './database.ts';

interface FullDatabase extends SeedSize {
  /** Jobs that wait for a worker, or in the line of the server `1`. */
  readonly queued: number;
}

/** Makes it for the test `t`; `version` is PostgreSQL's, 180000 for 18.0. */
export async function createFullDatabase(
  t: Test,
  kept: FullDatabase,
): Promise<{ db: Database; version: number }> {
  const { db } = await createTestDatabase(t);
  const folder = await mkdtemp(join(tmpdir(), 'osimage-plans-'));
  t.teardown(() => rm(folder, { recursive: true }));
  await seed(db, await openStore(join(folder, 'store')), kept);
  const queue = await openQueue(db, createLogger('test', 'silent'));
  await queue.close();
  await db.query(`insert into servers (id, display_name, address, port, protocol, created_by, modified_by)
    values ('1', 'server', '192.0.2.1', 22, 'SFTP', 'USERID', 'USERID')`);
  // Every other job made an archive, and each fourth of these is gone.
  await db.query(
    `with names as (
       insert into object_ids (id, kind) select filename, 'archive' from jobs where id % 2 = 0 returning id
     )
     insert into archives (id, job_id, profile_id, physical_path, size, sha256, created_by, deleted_at)
     select filename, j.id, profile_id, 'exports/' || j.id, 1, '', 'USERID', case when j.id % 8 = 0 then now() end
     from jobs j join names on names.id = j.filename`,
  );
  // Half of them wait in the line of a server.
  await db.query(
    `with made as (
       insert into jobs (kind, title, created_by, profile_id, queue_id, space_claimed, server_id, slot_line)
       select 'export', 'Export', 'user-1', $1, gen_random_uuid(), 1000, case when n % 2 = 0 then '1' end,
         case when n % 2 = 0 then 'waiting' end
       from generate_series(1, $2) n returning id, queue_id
     )
     insert into ${queueSchema}.job (id, name, data)
     select queue_id, $3, jsonb_build_object('jobId', id::text) from made`,
    [profileId(0), kept.queued, queueName],
  );
  await db.query('vacuum analyze');
  const { rows } = await db.query<{ version: string }>(
    `select current_setting('server_version_num') as version`,
  );
  return { db, version: Number(rows[0]!.version) };
}
