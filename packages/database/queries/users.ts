/** Accounts. Passwords are argon2id hashes; nothing here sees one in clear. */
import type { Queryable } from '../pool.ts';

export interface UserRow {
  name: string;
  password_hash: string;
  role: string;
  disabled: boolean;
}

export async function findUser(db: Queryable, name: string): Promise<UserRow | undefined> {
  return (await findUsers(db, [name])).get(name);
}

/** Those of the accounts that exist, by name. */
export async function findUsers(db: Queryable, names: readonly string[]): Promise<Map<string, UserRow>> {
  const { rows } = await db.query<UserRow>(
    'select name, password_hash, role, disabled from users where name = any($1)',
    [names],
    { prepared: true },
  );
  return new Map(rows.map((row) => [row.name, row]));
}

// Any number: it only has to be the same in every service.
const accountsLock = 7_301_991;

/**
 * Until the transaction ends, nobody else who asks for this lock adds or changes accounts: what was counted
 * stays true.
 */
export async function lockAccounts(tx: Queryable): Promise<void> {
  await tx.query('select pg_advisory_xact_lock($1)', [accountsLock]);
}

/** Whether there is no account at all. Holds the lock of lockAccounts, so that a second service asking waits. */
export async function lockFirstUser(tx: Queryable): Promise<boolean> {
  await lockAccounts(tx);
  const { rowCount } = await tx.query('select from users limit 1');
  return rowCount === 0;
}

export async function insertUser(
  tx: Queryable,
  user: { name: string; passwordHash: string; role: string },
): Promise<void> {
  await tx.query('insert into users (name, password_hash, role) values ($1, $2, $3)', [
    user.name,
    user.passwordHash,
    user.role,
  ]);
}
