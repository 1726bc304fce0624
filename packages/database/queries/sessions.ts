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
    { prepared: true },
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
 * idle longest. Gives its id and start, or undefined when the account was disabled or its password changed
 * since `passwordHash` was looked at: a sign-in with the old password must not outlive it.
 */
export async function insertSession(
  tx: Queryable,
  session: {
    tokenHash: Buffer;
    csrf: string;
    userName: string;
    passwordHash: string;
    address: string;
    /** The session this one takes the place of, by the hash of its cookie. */
    replaces?: Buffer | undefined;
  },
  limits: SessionLimits,
): Promise<{ id: string; created_at: Date } | undefined> {
  // Two sign-ins of one user at once must not both count the same sessions.
  const user = await tx.query(
    'select from users where name = $1 and password_hash = $2 and not disabled for no key update',
    [session.userName, session.passwordHash],
  );
  if (user.rowCount === 0) return undefined;
  if (session.replaces) await tx.query('delete from sessions where token_hash = $1', [session.replaces]);
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
  return rows[0];
}

/** What may be shown of a session: nothing here signs anybody in. */
export interface ListedSession {
  id: string;
  user_name: string;
  address: string;
  created_at: Date;
  last_used_at: Date;
  /** Whole minutes since its last use. */
  idle_minutes: number;
}

const alive = `not u.disabled and s.created_at >= u.password_changed_at
  and s.last_used_at > now() - $1 * interval '1 minute' and s.created_at > now() - $2 * interval '1 minute'`;

const listed = `s.id, s.user_name, s.address, s.created_at, s.last_used_at,
  floor(extract(epoch from greatest(now() - s.last_used_at, interval '0')) / 60)::integer as idle_minutes`;

/** The sessions that are not over, newest first; of one user when `userName` is given. */
export async function listSessions(
  db: Queryable,
  limits: SessionLimits,
  userName?: string,
): Promise<ListedSession[]> {
  const { rows } = await db.query<ListedSession>(
    `select ${listed} from sessions s join users u on u.name = s.user_name
     where ${alive} and ($3::text is null or s.user_name = $3) order by s.created_at desc, s.id`,
    [limits.inactivityMinutes, limits.absoluteMinutes, userName ?? null],
  );
  return rows;
}

/** A session that is not over, by the id that listings show or by the hash of its cookie. */
export async function findListedSession(
  db: Queryable,
  wanted: { id: string | undefined; tokenHash: Buffer },
  limits: SessionLimits,
): Promise<ListedSession | undefined> {
  const { rows } = await db.query<ListedSession>(
    `select ${listed} from sessions s join users u on u.name = s.user_name
     where ${alive} and (s.id = $3 or s.token_hash = $4)`,
    [limits.inactivityMinutes, limits.absoluteMinutes, wanted.id ?? null, wanted.tokenHash],
  );
  return rows[0];
}

export async function deleteSession(db: Queryable, id: string): Promise<void> {
  await db.query('delete from sessions where id = $1', [id]);
}
