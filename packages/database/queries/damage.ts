/** What was found to be rotten: written down, taken back, and told in the words of those who use it. */
import type { Queryable } from '../pool.ts';

/**
 * Writes down what is wrong with a blob's file, null when nothing is. False when the blob is gone or has another file
 * by now, so that what was seen says nothing about it.
 */
export async function markBlob(
  db: Queryable,
  sha256: string,
  physicalName: string,
  damage: string | null,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `update blobs set damage = $3 where sha256 = decode($1, 'hex') and physical_name = $2`,
    [sha256, physicalName, damage],
  );
  return rowCount === 1;
}

/** Writes down what is wrong with an archive's file, null when nothing is. False when the archive is deleted. */
export async function markArchive(db: Queryable, name: string, damage: string | null): Promise<boolean> {
  const { rowCount } = await db.query(
    'update archives set damage = $2 where id = $1 and deleted_at is null',
    [name, damage],
  );
  return rowCount === 1;
}

export interface DamagedBlob {
  /** Lower-case hexadecimal. */
  sha256: string;
  physicalName: string;
  damage: string;
  /** The imported images and files with this content. */
  files: { kind: string; id: string; name: string }[];
  /** Ids of the profiles that carry it. */
  profiles: string[];
}

/** Content whose file is damaged, as far as that is known, with everybody who is concerned. */
export async function listDamagedBlobs(db: Queryable): Promise<DamagedBlob[]> {
  const { rows } = await db.query<DamagedBlob>(
    `select encode(b.sha256, 'hex') as sha256, b.physical_name as "physicalName", b.damage,
       coalesce((select jsonb_agg(x order by x.kind, x.id) from (
         select 'image' as kind, id, name from images where sha256 = b.sha256
         union all select kind, id, name from files where sha256 = b.sha256
         union all select distinct 'predefined-unattend', '', name from predefined_files where sha256 = b.sha256
       ) x), '[]') as files,
       coalesce((select jsonb_agg(x.id order by x.id) from (
         select u.profile_id as id from profile_files u join files f on f.id = u.file_id where f.sha256 = b.sha256
         union select profile_id from predefined_files where sha256 = b.sha256
       ) x), '[]') as profiles
     from blobs b where b.damage is not null order by b.sha256`,
  );
  return rows;
}

export interface DamagedArchive {
  name: string;
  profileId: string;
  physicalPath: string;
  damage: string;
}

/** Archives that can be fetched no more because their file is damaged, as far as that is known. */
export async function listDamagedArchives(db: Queryable): Promise<DamagedArchive[]> {
  const { rows } = await db.query<DamagedArchive>(
    `select id as name, profile_id as "profileId", physical_path as "physicalPath", damage
     from archives where damage is not null and deleted_at is null order by id`,
  );
  return rows;
}
