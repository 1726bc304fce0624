/** Jobs that run again under a new id (contract, section 10.1). */
import type { Queryable } from '../pool.ts';
import { findJobs, type JobRow } from './jobs.ts';

/** Gives the jobs in the order asked for, locked until the transaction ends; throws Problem not_found. */
export async function lockJobs(tx: Queryable, ids: readonly string[]): Promise<JobRow[]> {
  await findJobs(tx, ids);
  await tx.query('select from jobs where id = any($1::bigint[]) order by id for update', [ids]);
  // Again, for what was committed while the locks were waited for.
  return await findJobs(tx, ids);
}

/** Names, in a job that ended, the one that runs in its place. */
export async function markRetried(tx: Queryable, id: string, newId: string): Promise<void> {
  await tx.query('update jobs set retried_as = $2 where id = $1', [id, newId]);
}

/** Whether an import was told where its file is, and that is on a remote file server. */
export async function isFetched(tx: Queryable, id: string): Promise<boolean> {
  const { rowCount } = await tx.query(
    `select from jobs where id = $1 and kind = 'import' and server_id is not null and queue_id is not null`,
    [id],
  );
  return rowCount === 1;
}

/** Makes a new import of the same remote file under the same name; gives its id. */
export async function copyImport(
  tx: Queryable,
  id: string,
  by: { queueId: string; user: string; requestId: string; slotLine: 'waiting' | 'called'; step: string },
): Promise<string> {
  const { rows } = await tx.query<{ id: string }>(
    `insert into jobs (kind, title, created_by, request_id, queue_id, server_id, target_path, import, small, slot_line,
       step)
     select kind, title, $2, $3, $4, server_id, target_path, import, small, $5, $6 from jobs where id = $1
     returning id::text`,
    [id, by.user, by.requestId, by.queueId, by.slotLine, by.step],
  );
  return rows[0]!.id;
}
