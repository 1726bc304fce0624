/** How requests are read: JSON bodies, and nothing else unless a route brings its own parser; queries; no NUL. */
import { Problem } from '@osimage/errors';
import type { App } from './app-types.ts';
import { readJson } from './json-body.ts';
import { NoParameters } from './schemas/strict.ts';

/** Bodies, queries and addresses as clients send them; call before routes are added. */
export function registerRequestInput(app: App): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (_: unknown, body: Buffer) =>
    readJson(body),
  );
  app.addHook('onRoute', (route) => {
    // A parameter nobody reads is a mistake that must be told: a mistyped serverId would export elsewhere.
    route.schema = { querystring: NoParameters, ...route.schema };
  });
  app.addHook('onRequest', async (request) => {
    if (request.raw.url?.includes('%00')) throw nulRefused();
    // RFC 9112, 3.2; Node is told to leave this to us.
    if (request.headers.host === undefined && request.raw.httpVersion === '1.1')
      throw new Problem('invalid_request', { detail: 'The header Host is missing.' });
  });
  app.addHook('preValidation', async (request) => {
    if (request.routeOptions.config.plainQuery) request.query = plainQuery(request.raw.url ?? '');
    if (request.routeOptions.schema?.body === undefined) refuseBody(request.body);
  });
}

/** Where none is needed, none or `{}` is fine: pylxca sends that with DELETE (contract, 1.6). */
function refuseBody(body: unknown): void {
  if (body === undefined) return;
  if (typeof body !== 'object' || body === null || Array.isArray(body) || Object.keys(body).length > 0)
    throw new Problem('invalid_request', { detail: 'This call takes no body, or an empty JSON object.' });
}

/** No name, path or text of ours can hold NUL: the database has no such text, and C programs end there. */
function nulRefused(): Problem {
  return new Problem('invalid_request', { detail: 'The request holds a NUL character.' });
}

/**
 * The query of a URL with percent-decoding only, so that `+` stays `+` as upload clients mean it
 * (contract, 1.10). A parameter given twice becomes an array; a wrong encoding stays as it is.
 */
export function plainQuery(url: string): Record<string, string | string[]> {
  const query: Record<string, string | string[]> = Object.create(null);
  const text = url.includes('?') ? url.slice(url.indexOf('?') + 1).split('#', 1)[0]! : '';
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decode(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? '' : decode(pair.slice(equals + 1));
    const earlier = query[name];
    query[name] = earlier === undefined ? value : [earlier, value].flat();
  }
  return query;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
