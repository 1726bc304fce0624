/** Signing in and out, and seeing and ending sessions (contract, section 2). */
import { deleteSession, type ListedSession, listSessions } from '@osimage/database';
import { Problem } from '@osimage/errors';
import type { FastifyRequest } from 'fastify';
import { success } from '../answers.ts';
import type { App } from '../app-types.ts';
import type { Credentials } from '../auth/credentials.ts';
import { issueKnownClient, knownClientCookie } from '../auth/known-client.ts';
import { holds, requirePrivilege } from '../auth/privileges.ts';
import {
  clearSessionCookies,
  findNamedSession,
  sessionCookie,
  sessionLimits,
  setKnownClientCookie,
  setSessionCookies,
  startSession,
} from '../auth/sessions.ts';
import { SessionParams, SignIn } from '../schemas/sessions.ts';
import type { GatewayServices } from '../services.ts';

/** Where accounts are kept: here, not in a directory elsewhere. */
const authenticationServer = '127.0.0.1';
const tags = ['sessions'];

export function registerSessionRoutes(
  app: App,
  { db, secrets, settings }: GatewayServices,
  credentials: Credentials,
): void {
  const limits = sessionLimits(settings);
  const mayManage = requirePrivilege('lxc-manage-sessions');

  const signIn = { tags, summary: 'Sign in', body: SignIn };
  app.post(
    '/sessions',
    { config: { public: true, action: 'sign-in' }, schema: signIn },
    async (request, reply) => {
      const { UserId, password } = request.body;
      const knownClient = request.cookies[knownClientCookie];
      const user = await credentials.check(UserId, password, { address: request.ip, knownClient });
      const former = request.cookies[sessionCookie];
      const session = user && (await startSession(db, user, request.ip, limits, former));
      // 403 and not 401: the Ruby gem knows only that as "wrong credentials" (contract, C-1).
      if (!user || !session) throw new Problem('wrong_credentials');
      setSessionCookies(request, reply, user.name, session, limits.inactivityMinutes);
      setKnownClientCookie(request, reply, issueKnownClient(secrets, user));
      request.user = { name: user.name, role: user.role, via: 'session' };
      const created = session.created.toISOString();
      return success({
        response: {
          pwChangeRequired: false,
          session: {
            id: session.token,
            csrf: session.csrf,
            inactivityTimeout: limits.inactivityMinutes,
            UserId: user.name,
            Address: request.ip,
            authenticationServer,
            created,
            lastAccessed: created,
            idleFor: '0',
            isOwnSession: true,
          },
        },
      });
    },
  );

  const list = {
    tags,
    summary: 'List sessions',
    description:
      "Your own, or everybody's with the privilege lxc-manage-sessions. idleFor counts minutes, as inactivityTimeout does.",
  };
  app.get('/sessions', { schema: list }, async (request) => {
    const mine = holds(request.user.role, 'lxc-manage-sessions') ? undefined : request.user.name;
    const sessions = await listSessions(db, limits, mine);
    return success({
      response: sessions.map((session) => shownSession(session, request, limits.inactivityMinutes)),
    });
  });

  // 200 with a body: pylxca parses it (contract, 2.4). With HTTP Basic there is no session to end.
  app.delete(
    '/sessions',
    { config: { action: 'sign-out' }, schema: { tags, summary: 'Sign out' } },
    async (request, reply) => {
      if (request.session) await deleteSession(db, request.session.id);
      clearSessionCookies(reply);
      return success();
    },
  );

  const end = {
    tags,
    summary: 'End a session',
    description: "One of your own, or anybody's with the privilege lxc-manage-sessions.",
    params: SessionParams,
  };
  app.delete(
    '/sessions/:uuid',
    { config: { action: 'session.end' }, schema: end },
    async (request, reply) => {
      const { uuid } = request.params;
      const session = await findNamedSession(db, uuid, limits);
      // Never the whole of it: it may be a cookie that somebody pasted.
      if (!session) throw new Problem('session_unknown', { id: uuid.slice(0, 12) });
      if (session.user_name !== request.user.name) await mayManage(request);
      await deleteSession(db, session.id);
      if (session.id === request.session?.id) clearSessionCookies(reply);
      return success();
    },
  );
}

function shownSession(session: ListedSession, request: FastifyRequest, inactivityTimeout: number) {
  return {
    id: session.id,
    UserId: session.user_name,
    Address: session.address,
    authenticationServer,
    created: session.created_at.toISOString(),
    lastAccessed: session.last_used_at.toISOString(),
    idleFor: String(session.idle_minutes),
    inactivityTimeout,
    isOwnSession: session.id === request.session?.id,
  };
}
