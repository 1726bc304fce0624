/** Which archives a retention rule lets go, and how they go. Protected ones never do. */
import type { Queryable } from '../pool.ts';

/** Each limit counts by itself; one that is absent lets nothing go. */
export interface RetentionRule {
  /** Archives older than this go. */
  readonly days?: number;
  /** Of all archives together: the oldest go until the rest fits. */
  readonly bytes?: number;
  /** Of each profile the newest stay, this many. Protected ones are not counted. */
  readonly perProfile?: number;
}

export interface ExpiredArchive {
  name: string;
  profileId: string;
  /** Bytes. */
  size: number;
  created: Date;
  why: 'age' | 'count' | 'bytes';
}

/** Gives the archives the rule lets go now, oldest first. */
export async function findExpired(db: Queryable, rule: RetentionRule): Promise<ExpiredArchive[]> {
  if (rule.days === undefined && rule.bytes === undefined && rule.perProfile === undefined) return [];
  const { rows } = await db.query<ExpiredArchive>(
    `with present as (
       select id, profile_id, size, created_at, protected,
         count(*) filter (where not protected) over (partition by profile_id order by created_at desc, id desc) as nth
       from archives where deleted_at is null
     ), judged as (
       select *, case when protected then null
           when created_at < now() - $1 * interval '1 day' then 'age'
           when nth > $2 then 'count' end as why
       from present
     ), summed as (
       -- What is protected is there in any case, and takes of the total first.
       select *, sum(size) filter (where why is null)
           over (order by protected desc, created_at desc, id desc) as total
       from judged
     )
     select id as name, profile_id as "profileId", size, created_at as created, coalesce(why, 'bytes') as why
     from summed where not protected and (why is not null or total > $3) order by created_at, id`,
    [rule.days ?? null, rule.perProfile ?? null, rule.bytes ?? null],
  );
  return rows;
}

/** Marks those of the archives as expired that are still there and not protected; gives their names and files. */
export async function expireArchives(
  tx: Queryable,
  names: readonly string[],
): Promise<{ name: string; path: string }[]> {
  // In one order, so that two who do this at once do not wait for each other.
  const { rows } = await tx.query<{ name: string; path: string }>(
    `update archives set deleted_at = now(), deleted_reason = 'expired'
     where id in (select id from archives where id = any($1) and deleted_at is null and not protected
       order by id for update) and deleted_at is null and not protected
     returning id as name, physical_path as path`,
    [names],
  );
  return rows;
}

/** Protects an archive from retention, or no longer; false when there is no such archive any more. */
export async function protectArchive(tx: Queryable, name: string, isProtected: boolean): Promise<boolean> {
  const { rowCount } = await tx.query(
    'update archives set protected = $2 where id = $1 and deleted_at is null',
    [name, isProtected],
  );
  return rowCount === 1;
}
