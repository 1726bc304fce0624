/**
 * Secrets that are stored sealed (packages/secrets), and the lock that lets their key be replaced while services
 * run: who stores one holds the key, who replaces the key locks it.
 */
import type { Queryable } from '../pool.ts';

/**
 * Every column that holds sealed secrets: `rotate-secrets` re-encrypts these and no others, and a test looks for
 * any that are missing here. `place` is what each is sealed for, of the row with that `id`.
 */
const sealedColumns = [
  { table: 'servers', column: 'password', place: (id: string) => `server/${id}/password` },
  { table: 'servers', column: 'private_key', place: (id: string) => `server/${id}/private_key` },
  { table: 'servers', column: 'pending_private_key', place: (id: string) => `server/${id}/private_key` },
  { table: 'setting_secrets', column: 'sealed', place: (id: string) => `settings/${id}` },
] as const;

export interface SealedSecret {
  table: string;
  column: string;
  id: string;
  place: string;
  sealed: string;
}

// Any number: it only has to be the same in every service.
const secretKeyLock = 7_301_992;

/** Call before sealing, in the transaction that stores what was sealed. */
export async function holdSecretKey(tx: Queryable): Promise<void> {
  await tx.query('select pg_advisory_xact_lock_shared($1)', [secretKeyLock]);
}

/** Waits until nobody is sealing, and keeps everybody from it until the transaction ends. */
export async function lockSecretKey(tx: Queryable): Promise<void> {
  await tx.query('select pg_advisory_xact_lock($1)', [secretKeyLock]);
}

/** All of them, locked until the transaction ends. */
export async function listSealed(tx: Queryable): Promise<SealedSecret[]> {
  return await read(tx, 'for update');
}

/** All of them, as a transaction sees them that only reads. */
export async function readSealed(db: Queryable): Promise<SealedSecret[]> {
  return await read(db, '');
}

async function read(tx: Queryable, lock: 'for update' | ''): Promise<SealedSecret[]> {
  const found: SealedSecret[] = [];
  for (const { table, column, place } of sealedColumns) {
    const { rows } = await tx.query<{ id: string; sealed: string }>(
      `select id::text, ${column} as sealed from ${table} where ${column} is not null order by id ${lock}`,
    );
    for (const { id, sealed } of rows) found.push({ table, column, id, place: place(id), sealed });
  }
  return found;
}

/** Stores a secret that was sealed again; to everybody else the row has not changed. */
export async function replaceSealed(tx: Queryable, secret: SealedSecret, sealed: string): Promise<void> {
  await tx.query(`update ${secret.table} set ${secret.column} = $2 where id::text = $1`, [secret.id, sealed]);
}
