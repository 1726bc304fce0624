/** `GET /metrics`, for Prometheus, which signs in with HTTP Basic like everybody else. Ours, not in the contract. */
import type { Registry } from '@osimage/telemetry';
import type { App } from '../app-types.ts';

export function registerMetricsRoute(app: App, registry: Registry): void {
  const schema = {
    summary: 'Metrics of this gateway',
    description: 'In the text form of Prometheus. For signed-in users of any role.',
    tags: ['service'],
  };
  app.get('/metrics', { schema }, async (_request, reply) => {
    return reply.type(registry.contentType).send(await registry.metrics());
  });
}
