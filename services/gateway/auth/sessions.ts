/** Sessions and their cookies (contract, sections 2.2 to 2.4). */
import { createHash, randomBytes } from 'node:crypto';
import {
  type Database,
  findListedSession,
  findSession,
  insertSession,
  type ListedSession,
  type SessionLimits,
  type SessionRow,
  type UserRow,
} from '@osimage/database';
import type { Settings } from '@osimage/settings';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { knownClientAge, knownClientCookie } from './known-client.ts';

/** How long sessions last and how many a user has, as the settings say. */
export function sessionLimits(settings: Settings): SessionLimits {
  return {
    inactivityMinutes: settings.SESSION_INACTIVITY_MINUTES,
    absoluteMinutes: settings.SESSION_ABSOLUTE_MINUTES,
    perUser: settings.SESSIONS_PER_USER,
  };
}

export const sessionCookie = 'JSESSIONID';
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const cookieNames = [sessionCookie, 'csrf', 'inactivityTimeout', 'user'] as const;

export interface NewSession {
  /** What the cookie holds, 256 random bits; only its hash is stored. */
  token: string;
  csrf: string;
  created: Date;
}

/**
 * Starts a session of `user`, whose password was checked before, in place of the one whose cookie came along with the
 * sign-in (`former`); undefined when the account was disabled or the password changed meanwhile.
 */
export async function startSession(
  db: Database,
  user: UserRow,
  address: string,
  limits: SessionLimits,
  former?: string,
): Promise<NewSession | undefined> {
  const token = randomBytes(32).toString('base64url');
  const csrf = randomBytes(32).toString('base64url');
  const session = {
    tokenHash: hashToken(token),
    csrf,
    userName: user.name,
    passwordHash: user.password_hash,
    address,
    replaces: former === undefined ? undefined : hashToken(former),
  };
  const row = await db.transaction((tx) => insertSession(tx, session, limits));
  return row && { token, csrf, created: row.created_at };
}

/** Gives the session of a cookie's token, or undefined when it is over or never was. */
export async function resumeSession(
  db: Database,
  token: string,
  limits: SessionLimits,
): Promise<SessionRow | undefined> {
  if (token.length > 100) return undefined;
  return findSession(db, hashToken(token), limits);
}

/**
 * Gives the session that `id` names: the id of a listing, or the cookie's token, which is the id of the answer to
 * a sign-in. Undefined when it is over or never was.
 */
export async function findNamedSession(
  db: Database,
  id: string,
  limits: SessionLimits,
): Promise<ListedSession | undefined> {
  return findListedSession(db, { id: uuid.test(id) ? id : undefined, tokenHash: hashToken(id) }, limits);
}

/** Sets the four cookies. Not `Secure` on plain HTTP: pylxca would withhold them (contract, 1.3). */
export function setSessionCookies(
  request: FastifyRequest,
  reply: FastifyReply,
  user: string,
  session: NewSession,
  inactivityMinutes: number,
): void {
  const options = { path: '/', sameSite: 'lax', secure: request.protocol === 'https' } as const;
  reply.setCookie(sessionCookie, session.token, { ...options, httpOnly: true });
  // A page's script must read this one to send it back in X-Csrf-Token.
  reply.setCookie('csrf', session.csrf, options);
  reply.setCookie('inactivityTimeout', String(inactivityMinutes), options);
  reply.setCookie('user', user, options);
}

/** Sets the cookie of known-client.ts; it stays when the session ends. */
export function setKnownClientCookie(request: FastifyRequest, reply: FastifyReply, value: string): void {
  reply.setCookie(knownClientCookie, value, {
    // Sent to the sign-in only.
    path: '/sessions',
    sameSite: 'strict',
    secure: request.protocol === 'https',
    httpOnly: true,
    maxAge: knownClientAge,
  });
}

export function clearSessionCookies(reply: FastifyReply): void {
  for (const name of cookieNames) reply.clearCookie(name, { path: '/' });
}

function hashToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
