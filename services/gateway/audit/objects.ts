/** Which objects a request concerns: the ids in its path, query and body, and those in its answer. */
import type { FastifyRequest } from 'fastify';

/** Attributes of queries and bodies that hold ids. */
const inRequests = ['id', 'list', 'jobId', 'serverId'] as const;
/** Attributes of answers that hold the id of what was made; a file name is the id of an archive. */
const inAnswers = ['id', 'jobId', 'serverId', 'filename'] as const;
const token = /^[A-Za-z0-9_-]{43}$/;

/** The ids a request names, each once; lists in paths are taken apart. */
export function objectsOf(request: FastifyRequest): string[] {
  const found = new Set(Object.values(attributes(request.params)).flatMap(ids));
  for (const part of [attributes(request.query), attributes(request.body)])
    for (const name of inRequests) for (const id of ids(part[name])) found.add(id);
  // What a session's cookie holds signs its bearer in, also when somebody takes it for the session's id.
  const secret = request.routeOptions.url?.startsWith('/sessions') ? token : undefined;
  return [...found].map((id) => (secret?.test(id) ? '(a session token)' : id));
}

/** The ids in an answer's own attributes. */
export function objectsIn(answer: unknown): string[] {
  const given = attributes(answer);
  return inAnswers.flatMap((name) => ids(given[name]));
}

function attributes(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function ids(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(ids);
  if (typeof value === 'number') return [String(value)];
  return typeof value === 'string' ? value.split(',').filter((id) => id !== '') : [];
}
