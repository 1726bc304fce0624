/** What the store holds, in numbers. */
import type { Queryable } from '../pool.ts';

export interface KindUsage {
  /** `image`, a kind of file, `predefined-unattend`, `job` for what only unfinished jobs need, or `unused`. */
  kind: string;
  /** Images and files with such content. */
  uses: number;
  /** Bytes of all of them, as if each were kept by itself. */
  usedBytes: number;
  /** Distinct contents. */
  contents: number;
  /** Bytes of the distinct contents. */
  rawBytes: number;
  /** Bytes on disk. */
  packedBytes: number;
}

/** Content by kind; one that occurs in several kinds counts with the first of them, in order of their names. */
export async function usageByKind(db: Queryable): Promise<KindUsage[]> {
  const { rows } = await db.query<KindUsage>(
    `with uses as (
       select sha256, 'image' as kind, size from images
       union all select sha256, kind, size from files
       union all select sha256, 'predefined-unattend', size from predefined_files
     ), owners as (
       select sha256, min(kind) as kind, count(*) as uses, sum(size) as bytes from uses group by sha256
     )
     select coalesce(o.kind,
         case when exists (select from job_blobs j where j.sha256 = b.sha256) then 'job' else 'unused' end) as kind,
       coalesce(sum(o.uses), 0)::bigint as uses, coalesce(sum(o.bytes), 0)::bigint as "usedBytes",
       count(*) as contents, sum(b.raw_size)::bigint as "rawBytes", sum(b.packed_size)::bigint as "packedBytes"
     from blobs b left join owners o on o.sha256 = b.sha256 group by 1 order by 1`,
  );
  return rows;
}

export interface ProfileUsage {
  profileId: string;
  archives: number;
  bytes: number;
  oldest: Date;
}

/** Archives that can be fetched, by the profile they were made of, the largest first. */
export async function usageByProfile(db: Queryable): Promise<ProfileUsage[]> {
  const { rows } = await db.query<ProfileUsage>(
    `select profile_id as "profileId", count(*) as archives, sum(size)::bigint as bytes, min(created_at) as oldest
     from archives where deleted_at is null group by profile_id order by bytes desc, profile_id`,
  );
  return rows;
}

/** How much is known to be damaged. */
export async function countDamage(db: Queryable): Promise<{ contents: number; archives: number }> {
  const { rows } = await db.query<{ contents: number; archives: number }>(
    `select (select count(*) from blobs where damage is not null) as contents,
       (select count(*) from archives where damage is not null and deleted_at is null) as archives`,
  );
  return rows[0]!;
}
