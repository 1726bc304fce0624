/** Finds out who makes each request, before its body is read: by HTTP Basic or by the session cookie. */
import { touchSession } from '@osimage/database';
import { Problem } from '@osimage/errors';
import type { FastifyRequest } from 'fastify';
import type { App, SignedInUser } from '../app-types.ts';
import type { GatewayServices } from '../services.ts';
import { readBasic } from './basic.ts';
import type { Credentials } from './credentials.ts';
import { isChange, refuseCrossSite, refuseForgery } from './forgery.ts';
import { resumeSession, sessionCookie, sessionLimits } from './sessions.ts';

/** Every route but the public ones needs a user from here on; changing ones also the CSRF header (2.3). */
export function registerAuthentication(app: App, services: GatewayServices, credentials: Credentials): void {
  app.decorateRequest('user');
  app.decorateRequest('session');
  app.addHook('onRequest', async (request) => {
    if (request.is404) return;
    if (isChange(request)) refuseCrossSite(request);
    if (request.routeOptions.config.public) return;
    request.user = await findOut(request, services, credentials);
    if (isChange(request)) refuseForgery(request);
  });
}

async function findOut(
  request: FastifyRequest,
  services: GatewayServices,
  credentials: Credentials,
): Promise<SignedInUser> {
  // Who names a user on purpose means that one, whatever cookies come along.
  if (request.headers.authorization !== undefined) {
    const basic = readBasic(request.headers.authorization);
    const user = basic && (await credentials.check(basic.name, basic.password, { address: request.ip }));
    if (!user) throw new Problem('sign_in_failed');
    return { name: user.name, role: user.role, via: 'basic' };
  }
  const token = request.cookies[sessionCookie];
  const session =
    token === undefined
      ? undefined
      : await resumeSession(services.db, token, sessionLimits(services.settings));
  if (!session) throw new Problem('sign_in_required');
  request.session = session;
  if (session.stale && isUserInput(request)) await touchSession(services.db, session.id);
  return { name: session.user_name, role: session.role, via: 'session' };
}

/** A page that only polls says so, and does not keep its session alive (contract, 2.4). */
function isUserInput(request: FastifyRequest): boolean {
  return request.headers['x-not-user-input'] === undefined;
}
