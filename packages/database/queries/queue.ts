/** What we look at and set in the tables of pg-boss itself. */
import type { Queryable } from '../pool.ts';

/** Whether the dispatcher's `schema` and its `queue` are there: a restored backup may be without. */
export async function isQueueThere(db: Queryable, schema: string, queue: string): Promise<boolean> {
  const { rows } = await db.query<{ made: boolean }>('select to_regclass($1) is not null as made', [
    `${schema}.queue`,
  ]);
  if (!rows[0]?.made) return false;
  const { rowCount } = await db.query(`select from ${schema}.queue where name = $1`, [queue]);
  return rowCount === 1;
}

/** Lets entries that are made from now on run for so many seconds: pg-boss's own call allows a day at most. */
export async function setLongestRun(
  db: Queryable,
  schema: string,
  queue: string,
  seconds: number,
): Promise<void> {
  await db.query(
    `update ${schema}.queue set expire_seconds = $2 where name = $1 and expire_seconds is distinct from $2`,
    [queue, seconds],
  );
}
