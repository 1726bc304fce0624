/**
 * Fetching over HTTP and HTTPS: one GET on a connection to a checked address. Redirects are followed on the same
 * server only, since anything else would be another address, and another server would get the password.
 */
import { Problem } from '@osimage/errors';
import type { Dispatcher } from 'undici';
import { failed, loginRefused, refused } from '../failures.ts';
import { connectHttp, type HttpConnection } from '../http/connect.ts';
import { httpProblem } from '../http/errors.ts';
import { printable } from '../printable.ts';
import { type TransferLimits, transferLimits } from '../transfer-limits.ts';
import { fetching, fileMissing, isFolder, unreadable } from './failures.ts';
import type { FetchRequest, RemoteFile, Source } from './source.ts';

const REDIRECTS_AT_MOST = 5;
const BUFFER_BYTES = 1024 * 1024;

/** A source with these limits; the packager uses the usual ones. */
export function httpSource(limits: TransferLimits = transferLimits): Source {
  return async (request) => {
    const connection = await connectHttp(request, limits);
    const explain = (error: unknown) =>
      request.signal.aborted ? request.signal.reason : httpProblem(error, request.server, fetching, limits);
    try {
      const answer = await ask(connection, request);
      return remoteFile(connection, answer, explain);
    } catch (error) {
      await connection.client.destroy();
      throw explain(error);
    }
  };
}

/** Sends the GET, and again where the same server says so; gives the answer that has the file. */
async function ask(
  { client, headers, url: urlOf }: HttpConnection,
  request: FetchRequest,
): Promise<Dispatcher.ResponseData> {
  let url = urlOf(request.path);
  for (let asked = 0; asked <= REDIRECTS_AT_MOST; asked += 1) {
    const answer = await client.request({
      method: 'GET',
      path: url.pathname + url.search,
      headers,
      signal: request.signal,
      highWaterMark: BUFFER_BYTES,
    });
    const next = redirection(request, answer, url);
    if (next === undefined) return checked(request, answer);
    await answer.body.dump();
    url = next;
  }
  throw refused(request.server, fetching, `it redirected more than ${REDIRECTS_AT_MOST} times`);
}

/** Where the answer sends us, undefined when it does not. Throws unless that is on the same server. */
function redirection(request: FetchRequest, answer: Dispatcher.ResponseData, from: URL): URL | undefined {
  if (![301, 302, 303, 307, 308].includes(answer.statusCode)) return undefined;
  const location = String(answer.headers.location ?? '');
  const to = location === '' ? null : URL.parse(location, from.href);
  if (to === null) throw refused(request.server, fetching, 'it redirects to nowhere');
  if (to.pathname === `${from.pathname}/`) throw isFolder(request);
  if (to.origin !== from.origin) {
    // Without path and query: they may hold a signed permission.
    const place = printable(`${to.protocol}//${to.host}`);
    throw new Problem('redirect_refused', { address: request.server.address, location: place });
  }
  return to;
}

function checked(request: FetchRequest, answer: Dispatcher.ResponseData): Dispatcher.ResponseData {
  const { statusCode: status, headers } = answer;
  const encoding = String(headers['content-encoding'] ?? 'identity').toLowerCase();
  // Some servers call a file that is a .gz encoded; it is what it is in both ways.
  const asStored = encoding === 'identity' || (/^(x-)?gzip$/.test(encoding) && /\.t?gz$/i.test(request.path));
  if (status === 200 && asStored) return answer;
  answer.body.on('error', () => undefined).destroy();
  if (status === 200)
    throw refused(request.server, fetching, 'it sends the file encoded, although it was asked not to');
  if (status === 401) throw loginRefused(request.server);
  if (status === 403) throw unreadable(request);
  if (status === 404 || status === 410) throw fileMissing(request);
  const said = `it answered with status ${status}`;
  throw status >= 500 || [408, 425, 429].includes(status)
    ? failed(request.server, fetching, said)
    : refused(request.server, fetching, said);
}

function remoteFile(
  { client }: HttpConnection,
  { body, headers }: Dispatcher.ResponseData,
  explain: (error: unknown) => unknown,
): RemoteFile {
  const length = String(headers['content-length'] ?? '');
  return {
    size: /^\d{1,15}$/.test(length) ? Number(length) : undefined,
    async *content() {
      try {
        yield* body as AsyncIterable<Buffer>;
      } catch (error) {
        throw explain(error);
      }
    },
    async close() {
      body.on('error', () => undefined);
      await client.destroy();
    },
  };
}
