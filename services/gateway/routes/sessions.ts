/** Signing in and out (contract, section 2). */
import { deleteSession } from '@osimage/database';
import { Problem } from '@osimage/errors';
import { success } from '../answers.ts';
import type { App } from '../app-types.ts';
import type { Credentials } from '../auth/credentials.ts';
import { clearSessionCookies, sessionLimits, setSessionCookies, startSession } from '../auth/sessions.ts';
import { SignIn } from '../schemas/sessions.ts';
import type { GatewayServices } from '../services.ts';

export function registerSessionRoutes(app: App, { db }: GatewayServices, credentials: Credentials): void {
  app.post(
    '/sessions',
    { config: { public: true, action: 'session.start' }, schema: { body: SignIn } },
    async (request, reply) => {
      const { UserId, password } = request.body;
      const user = await credentials.check(UserId, password, request.ip);
      // 403 and not 401: the Ruby gem knows only that as "wrong credentials" (contract, C-1).
      if (!user) throw new Problem('wrong_credentials');
      const session = await startSession(db, user.name, request.ip);
      setSessionCookies(request, reply, user.name, session);
      request.user = { name: user.name, role: user.role, via: 'session' };
      const created = session.created.toISOString();
      return success({
        response: {
          pwChangeRequired: false,
          session: {
            id: session.token,
            csrf: session.csrf,
            inactivityTimeout: sessionLimits.inactivityMinutes,
            UserId: user.name,
            Address: request.ip,
            authenticationServer: '127.0.0.1',
            created,
            lastAccessed: created,
            idleFor: '0',
            isOwnSession: true,
          },
        },
      });
    },
  );

  // 200 with a body: pylxca parses it (contract, 2.4). With HTTP Basic there is no session to end.
  app.delete('/sessions', { config: { action: 'session.end' } }, async (request, reply) => {
    if (request.session) await deleteSession(db, request.session.id);
    clearSessionCookies(reply);
    return success();
  });
}
