/** Sessions and their cookies (contract, sections 2.2 to 2.4). */
import { createHash, randomBytes } from 'node:crypto';
import {
  type Database,
  findSession,
  insertSession,
  type SessionLimits,
  type SessionRow,
} from '@osimage/database';
import type { FastifyReply, FastifyRequest } from 'fastify';

export const sessionLimits: SessionLimits = {
  inactivityMinutes: 1_440,
  absoluteMinutes: 7 * 1_440,
  perUser: 3,
};

export const sessionCookie = 'JSESSIONID';
const cookieNames = [sessionCookie, 'csrf', 'inactivityTimeout', 'user'] as const;

export interface NewSession {
  /** What the cookie holds, 256 random bits; only its hash is stored. */
  token: string;
  csrf: string;
  created: Date;
}

/** Starts a session of `userName`, who was checked before. */
export async function startSession(db: Database, userName: string, address: string): Promise<NewSession> {
  const token = randomBytes(32).toString('base64url');
  const csrf = randomBytes(32).toString('base64url');
  const session = { tokenHash: hashToken(token), csrf, userName, address };
  const row = await db.transaction((tx) => insertSession(tx, session, sessionLimits));
  return { token, csrf, created: row.created_at };
}

/** Gives the session of a cookie's token, or undefined when it is over or never was. */
export async function resumeSession(db: Database, token: string): Promise<SessionRow | undefined> {
  if (token.length > 100) return undefined;
  return findSession(db, hashToken(token), sessionLimits);
}

/** Sets the four cookies. Not `Secure` on plain HTTP: pylxca would withhold them (contract, 1.3). */
export function setSessionCookies(
  request: FastifyRequest,
  reply: FastifyReply,
  user: string,
  session: NewSession,
): void {
  const options = { path: '/', sameSite: 'lax', secure: request.protocol === 'https' } as const;
  reply.setCookie(sessionCookie, session.token, { ...options, httpOnly: true });
  // A page's script must read this one to send it back in X-Csrf-Token.
  reply.setCookie('csrf', session.csrf, options);
  reply.setCookie('inactivityTimeout', String(sessionLimits.inactivityMinutes), options);
  reply.setCookie('user', user, options);
}

export function clearSessionCookies(reply: FastifyReply): void {
  for (const name of cookieNames) reply.clearCookie(name, { path: '/' });
}

function hashToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
