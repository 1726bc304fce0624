/** Whom a call to the packager is made for. */
import type { CallOptions } from '@osimage/packaging-api';
import type { FastifyRequest } from 'fastify';

/** User and request id of the request, which the gateway audits; add a signal where a caller who goes away ends the work. */
export function callFor(request: FastifyRequest): CallOptions {
  return { user: request.user.name, requestId: request.id, audited: true };
}
