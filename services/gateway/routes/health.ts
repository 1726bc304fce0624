/** `/healthz` and `/readyz`, without signing in: for load balancers, containers and supervisors. Ours, not in the contract. */
import { Problem } from '@osimage/errors';
import { failure, success } from '../answers.ts';
import type { App } from '../app-types.ts';
import type { Health, Readiness } from '../health.ts';

/** How long whoever asked may wait before asking again, seconds. */
const retrySeconds = 2;

export function registerHealthRoutes(app: App, health: Health): void {
  const config = { public: true, evenClosed: true };
  const tags = ['service'];
  const alive = {
    tags,
    summary: 'Whether this gateway runs',
    description: 'Asks nobody else. Where it does not answer, start the gateway again.',
  };
  app.get('/healthz', { config, schema: alive }, async () => success());

  const ready = {
    tags,
    summary: 'Whether this gateway can serve',
    description:
      'It reaches its database and a packager that can work, and is not told to stop. Where it says 503, send requests ' +
      'elsewhere. An answer is up to a second old.',
  };
  app.get('/readyz', { config, schema: ready }, async (_request, reply) => {
    const parts = await health.check();
    const why = reasonOf(parts);
    if (why === undefined) return success(parts);
    reply.code(503).header('retry-after', String(retrySeconds));
    return { ...parts, ...failure(new Problem('not_ready', { why })) };
  });
}

function reasonOf({ draining, database, packager }: Readiness): string | undefined {
  if (draining) return 'it is stopping';
  if (!database) return 'its database does not answer';
  if (!packager) return 'no packager answers that it can work';
  return undefined;
}
