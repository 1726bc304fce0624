/**
 * Whoever copies the store keeps its files: rows may go meanwhile, files only afterwards. Removing takes the lock shared,
 * so removers never wait for each other, and never for a backup either: what they leave is swept later.
 */
import type { Database, Queryable } from '../pool.ts';

const filesLock = 7_203_114_581;

/** Takes the right to remove files until the transaction ends; false while somebody copies the store. */
export async function tryShareFiles(tx: Queryable): Promise<boolean> {
  const { rows } = await tx.query<{ shared: boolean }>(
    'select pg_try_advisory_xact_lock_shared($1) as shared',
    [filesLock],
  );
  return rows[0]?.shared === true;
}

/** Keeps all files of the store until the transaction ends; false when somebody else copies or removes just now. */
export async function tryHoldFiles(tx: Queryable): Promise<boolean> {
  const { rows } = await tx.query<{ held: boolean }>('select pg_try_advisory_xact_lock($1) as held', [
    filesLock,
  ]);
  return rows[0]?.held === true;
}

/** Runs `work`, which removes files no row needs any more, unless somebody copies the store; false: it did not run. */
export async function unlessHeld(db: Database, work: () => Promise<void>): Promise<boolean> {
  return await db.transaction(
    async (tx) => {
      if (!(await tryShareFiles(tx))) return false;
      await work();
      return true;
    },
    { patient: true },
  );
}
