/** What takes space in the store, what unfinished jobs will still take, and what could be freed. All in bytes. */
import type { Queryable } from '../pool.ts';

const spaceLock = 7_203_114_590;

/**
 * One transaction at a time decides by what is free. Take it last, after all row locks, and end the transaction soon:
 * whoever holds it waits for nobody.
 */
export async function lockSpace(tx: Queryable): Promise<void> {
  await tx.query('select pg_advisory_xact_lock($1)', [spaceLock]);
}

/** What a job takes of the store: all it may occupy until it ends, and how much of it is written already. */
export interface SpaceClaim {
  claimed: number;
  written: number;
}

/** Notes a job's claim; false when the job has ended, or when `attempt` is given and has lost it. */
export async function saveClaim(
  db: Queryable,
  jobId: string,
  claim: SpaceClaim,
  attempt?: number,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `update jobs set space_claimed = $2, space_written = $3
     where id = $1 and ended_at is null and ($4::int is null or attempt = $4)`,
    [jobId, claim.claimed, claim.written, attempt ?? null],
    { prepared: true },
  );
  return rowCount === 1;
}

/** What all unfinished jobs but `except` have claimed; pending is what they have not written yet. */
export async function sumClaims(
  db: Queryable,
  except: readonly string[] = [],
): Promise<{ claimed: number; pending: number }> {
  const { rows } = await db.query<{ claimed: number; pending: number }>(
    `select coalesce(sum(space_claimed), 0)::bigint as claimed,
       coalesce(sum(greatest(space_claimed - space_written, 0)), 0)::bigint as pending
     from jobs where ended_at is null and id <> all($1::bigint[])`,
    [except],
  );
  return rows[0]!;
}

/** What blobs and published archives take. */
export async function sumStored(db: Queryable): Promise<{ blobs: number; archives: number }> {
  const { rows } = await db.query<{ blobs: number; archives: number }>(
    `select (select coalesce(sum(packed_size), 0) from blobs)::bigint as blobs,
       (select coalesce(sum(size), 0) from archives where deleted_at is null)::bigint as archives`,
  );
  return rows[0]!;
}

/** Raw and packed length of blobs by digest (lower-case hexadecimal), as far as they exist. */
export async function findBlobSizes(
  db: Queryable,
  sha256: readonly string[],
): Promise<Map<string, { rawSize: number; packedSize: number }>> {
  const { rows } = await db.query<{ sha256: string; rawSize: number; packedSize: number }>(
    `select encode(sha256, 'hex') as sha256, raw_size as "rawSize", packed_size as "packedSize"
     from blobs where sha256 in (select distinct decode(hex, 'hex') from unnest($1::text[]) as hex)`,
    [sha256],
  );
  return new Map(rows.map(({ sha256: key, ...sizes }) => [key, sizes]));
}
