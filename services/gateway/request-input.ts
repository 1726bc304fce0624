/** How requests are read: JSON bodies, and nothing else unless a route brings its own parser; queries; no NUL. */
import { Problem } from '@osimage/errors';
import type { App } from './app-types.ts';

/**
 * JSON with two habits of clients in mind: pylxca says `application/json` also where it sends no body
 * (contract, 1.5), and sends `{}` with DELETE (1.6).
 */
export function registerRequestInput(app: App): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body: string, done) => {
    if (body.trim() === '') done(null, undefined);
    else if (body.includes('\\u0000') && holdsNul(body)) done(nulRefused());
    else parse(request, body, done);
  });
  app.addHook('onRequest', async (request) => {
    if (request.raw.url?.includes('%00')) throw nulRefused();
  });
  app.addHook('preValidation', async (request) => {
    if (request.routeOptions.config.plainQuery) request.query = plainQuery(request.raw.url ?? '');
  });
}

/** No name, path or text of ours can hold NUL: the database has no such text, and C programs end there. */
function nulRefused(): Problem {
  return new Problem('invalid_request', { detail: 'The request holds a NUL character.' });
}

function holdsNul(json: string): boolean {
  let found = false;
  try {
    JSON.parse(json, (name, value) => {
      found ||= name.includes('\0') || (typeof value === 'string' && value.includes('\0'));
      return value;
    });
  } catch {
    // Not JSON: the parser will say so.
  }
  return found;
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
