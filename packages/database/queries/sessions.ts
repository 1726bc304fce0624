/** Who is signed in. A session is found by the SHA-256 of its cookie; the cookie itself is stored nowhere. */
import type { Queryable } from '../pool.ts';

export interface SessionLimits {
  /** Unused for longer than this, a session is over. */
  inactivityMinutes: number;
  /** Older than this, a session is over, however busy. */
  absoluteMinutes: number;
  /** Sessions of one user at most. */
  perUser: number;
}

export interface SessionRow {
  id: string;
  csrf: string;
  user_name: string;
  role: string;
  address: string;
  created_at: Date;
  last_used_at: Date;
  /** Whether its last use is long enough ago to be worth writing down again. */
  stale: boolean;
}

/** Gives the session if it is not over and its user may still sign in. */
export async function findSession(
  db: Queryable,
  tokenHash: Buffer,
  limits: SessionLimits,
): Promise<SessionRow | undefined> {
  const { rows } = await db.query<SessionRow>(
    `select s.id, s.csrf, s.user_name, u.role, s.address, s.created_at, s.last_used_at,
       s.last_used_at < now() - interval '1 minute' as stale
     from sessions s join users u on u.name = s.user_name
     where s.token_hash = $1 and not u.disabled and s.created_at >= u.password_changed_at
       and s.last_used_at > now() - $2 * interval '1 minute'
       and s.created_at > now() - $3 * interval '1 minute'`,
    [tokenHash, limits.inactivityMinutes, limits.absoluteMinutes],
  );
  return rows[0];
}

/** Writes down that a session was used, at most once a minute. */
export async function touchSession(db: Queryable, id: string): Promise<void> {
  await db.query(
    `update sessions set last_used_at = now() where id = $1 and last_used_at < now() - interval '1 minute'`,
    [id],
  );
}

/**
 * Starts a session, after ending those of the user that are over and, when there are too many, the ones
 * idle longest. Gives its id and start.
 */
export async function insertSession(
  tx: Queryable,
  session: { tokenHash: Buffer; csrf: string; userName: string; address: string },
  limits: SessionLimits,
): Promise<{ id: string; created_at: Date }> {
  // Two sign-ins of one user at once must not both count the same sessions.
  await tx.query('select from users where name = $1 for no key update', [session.userName]);
  await tx.query(
    `delete from sessions where user_name = $1
       and (last_used_at <= now() - $2 * interval '1 minute' or created_at <= now() - $3 * interval '1 minute')`,
    [session.userName, limits.inactivityMinutes, limits.absoluteMinutes],
  );
  await tx.query(
    `delete from sessions where id in (
       select id from sessions where user_name = $1 order by last_used_at desc, created_at desc offset $2)`,
    [session.userName, limits.perUser - 1],
  );
  const { rows } = await tx.query<{ id: string; created_at: Date }>(
    `insert into sessions (token_hash, csrf, user_name, address, created_at, last_used_at)
     values ($1, $2, $3, $4, clock_timestamp(), clock_timestamp()) returning id, created_at`,
    [session.tokenHash, session.csrf, session.userName, session.address],
  );
  return rows[0]!;
}

export async function deleteSession(db: Queryable, id: string): Promise<void> {
  await db.query('delete from sessions where id = $1', [id]);
}
