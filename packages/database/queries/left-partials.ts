/** Cancelled deliveries whose partial file may still lie on the server: their checkpoint is kept until somebody has looked. */
import type { Queryable } from '../pool.ts';

export interface LeftPartial {
  id: string;
  /** The last one; those before it may have left something, too. */
  attempt: number;
  server_id: string;
  checkpoint: Record<string, string | number | boolean>;
}

const columns = 'id::text, attempt, server_id::text, checkpoint';
const isLeft = `state = 'Cancelled' and checkpoint is not null and server_id is not null`;

/** Those among the jobs named, which no worker has. */
export async function leftPartialsOf(db: Queryable, ids: readonly string[]): Promise<LeftPartial[]> {
  if (ids.length === 0) return [];
  const { rows } = await db.query<LeftPartial>(
    `select ${columns} from jobs where id = any($1::bigint[]) and ${isLeft} order by id`,
    [ids],
  );
  return rows;
}

/** Those that ended at least `ms` ago, so that a worker that lives has cleaned up by now; `count` at most. */
export async function leftPartialsOlderThan(
  db: Queryable,
  ms: number,
  count: number,
): Promise<LeftPartial[]> {
  const { rows } = await db.query<LeftPartial>(
    `select ${columns} from jobs where ${isLeft} and ended_at < now() - $1 * interval '1 ms' order by ended_at limit $2`,
    [ms, count],
  );
  return rows;
}

/** Nothing is left of a cancelled delivery, or what is left is told in `notes`. The first to say so counts. */
export async function settlePartial(db: Queryable, id: string, notes: readonly string[]): Promise<void> {
  await db.query(
    `update jobs set checkpoint = null, notes = notes || $2::text[]
     where id = $1 and state = 'Cancelled' and checkpoint is not null`,
    [id, notes],
  );
}
