/** One line for each request that changed something or failed; reading is logged only at debug. */

import type { App } from './app-types.ts';
import { isChange } from './auth/forgery.ts';
import { loggedPath } from './error-answers.ts';
import { securityHeaders } from './transport/security-headers.ts';

export function registerRequestLog(app: App): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
    // Answers hold what only their user may see; downloads set their own.
    reply.header('cache-control', 'no-store');
    reply.headers(securityHeaders(request.protocol === 'https'));
  });
  app.addHook('onResponse', async (request, reply) => {
    const line = {
      method: request.method,
      path: loggedPath(request),
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime),
      user: request.user?.name,
    };
    if (isChange(request)) request.log.info(line, 'request');
    else request.log.debug(line, 'request');
  });
}
