/** Managing accounts. Take lockAccounts first; what is changed ends the sessions of its user. */
import type { Queryable } from '../pool.ts';

export interface AccountRow {
  name: string;
  role: string;
  disabled: boolean;
  created_at: Date;
  password_changed_at: Date;
  /** Sessions that are stored; some may be over. */
  sessions: number;
}

/** All accounts, in the order of their names. */
export async function listAccounts(db: Queryable): Promise<AccountRow[]> {
  const { rows } = await db.query<AccountRow>(
    `select name, role, disabled, created_at, password_changed_at,
       (select count(*) from sessions where user_name = name) as sessions
     from users order by name`,
  );
  return rows;
}

/** An account of that name, upper and lower case being the same: two such would be mistaken for each other. */
export async function findSimilarAccount(db: Queryable, name: string): Promise<string | undefined> {
  const { rows } = await db.query<{ name: string }>(
    'select name from users where lower(name) = lower($1) limit 1',
    [name],
  );
  return rows[0]?.name;
}

/** How many accounts other than `name` have the role and may sign in. */
export async function countOthers(db: Queryable, name: string, role: string): Promise<number> {
  const { rows } = await db.query<{ count: number }>(
    'select count(*) from users where name <> $1 and role = $2 and not disabled',
    [name, role],
  );
  return rows[0]!.count;
}

export interface AccountChange {
  passwordHash?: string;
  role?: string;
  disabled?: boolean;
}

/** Changes what is given and ends all sessions of the user; false when there is no such account. */
export async function changeAccount(tx: Queryable, name: string, change: AccountChange): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update users set password_hash = coalesce($2, password_hash), role = coalesce($3, role),
       disabled = coalesce($4, disabled),
       password_changed_at = case when $2::text is null then password_changed_at else now() end
     where name = $1`,
    [name, change.passwordHash ?? null, change.role ?? null, change.disabled ?? null],
  );
  await tx.query('delete from sessions where user_name = $1', [name]);
  return rowCount === 1;
}
