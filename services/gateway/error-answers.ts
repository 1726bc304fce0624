/**
 * Every failure as the envelope of the contract: what routes throw, what Fastify refuses before a route is
 * reached, and addresses nothing answers. Callers are told less than the log.
 */
import { isDatabaseAway, Problem, systemCode, toProblem } from '@osimage/errors';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { failure, failureInStrings } from './answers.ts';
import type { App } from './app-types.ts';
import { createRouteTable } from './route-table.ts';
import { securityHeaders } from './transport/security-headers.ts';

/** How long a caller should wait when the database or the packagers are away, seconds. */
const retrySeconds = 2;

/** Call before routes are added: it takes note of them for the 405 answers. */
export function registerErrorAnswers(app: App): void {
  const table = createRouteTable();
  app.decorate('routeTable', table);
  app.addHook('onRoute', (route) => table.add(route.method, route.url));
  app.setErrorHandler(answerProblem);
  app.setNotFoundHandler((request, reply) => {
    const path = pathOf(request);
    const allowed = table.methodsOf(path);
    if (allowed.length === 0)
      throw new Problem('route_not_found', { method: request.method, path: shorten(path) });
    reply.header('allow', allowed.join(', '));
    throw new Problem('method_not_allowed', {
      method: request.method,
      path: shorten(path),
      allowed: allowed.join(', '),
    });
  });
}

/** Sends the answer for anything caught. */
export function answerProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = problemOf(error, request);
  if (request.audit) request.audit.problem = problem;
  if (problem.entry.http >= 500) logFailure(problem, request);
  if (problem.entry.http === 503) reply.header('retry-after', String(retrySeconds));
  if (problem.code === 'too_many_requests') reply.header('retry-after', String(problem.params.seconds));
  const body = hasStringMessages(request) ? failureInStrings(problem) : failure(problem);
  // Never WWW-Authenticate: a browser would keep the password and send it with forged requests (contract, 2.4).
  return reply
    .code(problem.entry.http)
    .removeHeader('content-disposition')
    .removeHeader('etag')
    .removeHeader('repr-digest')
    .headers(securityHeaders(request.protocol === 'https'))
    .header('cache-control', 'no-store')
    .type('application/json; charset=utf-8')
    .send(body);
}

/** Whether failures are strings; known by its address where it was refused before a route was found. */
function hasStringMessages(request: FastifyRequest): boolean {
  const config = request.routeOptions?.config;
  if (request.routeOptions?.url !== undefined) return config?.stringMessages === true;
  return request.method === 'GET' && /^\/osImages\/[^/]+\/?$/.test(pathOf(request));
}

function logFailure(problem: Problem, request: FastifyRequest): void {
  const err = problem.cause ?? problem;
  const fields = { code: problem.code, err, method: request.method, path: loggedPath(request) };
  if (problem.entry.http === 503) request.log.warn(fields, problem.message);
  else request.log.error(fields, problem.message);
}

function problemOf(error: unknown, request: FastifyRequest): Problem {
  if (error instanceof Problem) {
    // An `internal` from the packager has no reference of ours yet.
    return error.code === 'internal' ? toProblem(error.cause ?? new Error(error.message), request.id) : error;
  }
  const status = statusOf(error);
  if (status === undefined || status >= 500) {
    if (isDatabaseAway(error)) return new Problem('unavailable', { what: 'its database' }, { cause: error });
    return toProblem(error, request.id);
  }
  const text = (error as Error).message;
  switch (systemCode(error)) {
    case 'FST_ERR_VALIDATION':
      return new Problem('invalid_request', { detail: `${capital(text)}.` });
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
      return new Problem('invalid_request', { detail: 'The body is not valid JSON.' });
    case 'FST_ERR_BAD_URL':
      return new Problem('invalid_request', {
        detail: 'The address holds a percent sign that encodes nothing.',
      });
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return new Problem('invalid_request', {
        detail: 'The list of ids in the address is too long; send it in several requests.',
      });
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new Problem('unsupported_media_type', {
        type: shorten(request.headers['content-type'] ?? '(none)'),
      });
  }
  if (status === 413) return new Problem('too_large', { limit: request.routeOptions.bodyLimit });
  return new Problem('invalid_request', { detail: `${capital(text)}.` }, { cause: error });
}

/** The HTTP status Fastify or a plugin of it gave an error. */
function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return undefined;
  return typeof error.statusCode === 'number' ? error.statusCode : undefined;
}

/** The path of a request for the log; without what may be the cookie of a session (DELETE /sessions/{id}). */
export function loggedPath(request: FastifyRequest): string {
  return pathOf(request).replace(/^(\/+sessions\/+)(?![0-9a-f-]{36}$).+/i, '$1…');
}

/** The path of a request, never its query: that may hold what must not be logged. */
function pathOf(request: FastifyRequest): string {
  const raw = request.raw.url ?? '/';
  const end = raw.search(/[?#]/);
  return end < 0 ? raw : raw.slice(0, end);
}

function shorten(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

function capital(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`.replace(/\.$/, '');
}
