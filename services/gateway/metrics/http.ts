/** What the gateway counts of its requests: how many, how long, and which failures. */
import { Counter, Histogram, type Registry } from '@osimage/telemetry';
import type { App } from '../app-types.ts';

/** From answers of the cache to uploads of an hour, seconds. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60, 600, 3600];
/** Stands for whatever no route answers: its path is the caller's to choose. */
const noRoute = '(none)';

/** Call before routes are added. */
export function registerHttpMetrics(app: App, registry: Registry): void {
  const requests = new Counter({
    name: 'osimage_http_requests_total',
    help: 'Requests answered.',
    labelNames: ['method', 'route', 'status'],
    registers: [registry],
  });
  const seconds = new Histogram({
    name: 'osimage_http_request_duration_seconds',
    help: 'From the arrival of a request to the end of its answer.',
    labelNames: ['method', 'route'],
    buckets,
    registers: [registry],
  });
  const errors = new Counter({
    name: 'osimage_http_errors_total',
    help: 'Requests that failed, by the stable code of docs/errors.md.',
    labelNames: ['code'],
    registers: [registry],
  });
  app.addHook('onResponse', async (request, reply) => {
    // The pattern of the route, never the path.
    const route = request.is404 ? noRoute : (request.routeOptions.url ?? noRoute);
    const { method } = request;
    requests.inc({ method, route, status: reply.statusCode });
    seconds.observe({ method, route }, reply.elapsedTime / 1_000);
    const problem = request.audit?.problem;
    if (problem) errors.inc({ code: problem.code });
  });
}
