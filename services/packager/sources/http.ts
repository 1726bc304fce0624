/**
 * Fetching over HTTP and HTTPS: one GET on a connection to a checked address. Redirects are followed on the same
 * server only, since anything else would be another address, and another server would get the password.
 */
import { Problem } from '@osimage/errors';
import { connectSocket, resolveTarget, startTls, type Target } from '@osimage/outbound';
import { Client, type Dispatcher } from 'undici';
import { printable } from '../printable.ts';
import { failed, fileMissing, isFolder, loginRefused, refused, unreadable } from './failures.ts';
import { httpProblem } from './http-errors.ts';
import { type TransferLimits, transferLimits } from './limits.ts';
import type { FetchRequest, RemoteFile, Source } from './source.ts';

const REDIRECTS_AT_MOST = 5;
const BUFFER_BYTES = 1024 * 1024;

/** A source with these limits; the packager uses the usual ones. */
export function httpSource(limits: TransferLimits = transferLimits): Source {
  return async (request) => {
    const { addresses, server, signal } = request;
    const target = await resolveTarget(server.address, server.port, { signal, rules: addresses });
    const start = urlOf(request, target);
    const client = new Client(start.origin, {
      connect: (_options, done) =>
        void open(request, target, limits).then(
          (socket) => done(null, socket),
          (error: Error) => done(error, null),
        ),
      headersTimeout: limits.silenceMs,
      bodyTimeout: limits.silenceMs,
    });
    try {
      const answer = await ask(client, request, start);
      return remoteFile(client, request, answer, limits);
    } catch (error) {
      await client.destroy();
      throw httpProblem(error, request, limits);
    }
  };
}

/** The path is a file's name and not a URL: every character of it stands for itself. */
function urlOf({ path, server }: FetchRequest, { host, port }: Target): URL {
  const plain = host.split('%', 1)[0] ?? '';
  const name = plain.includes(':') ? `[${plain}]` : plain;
  const encoded = path.replace(/^\//, '').split('/').map(encodeURIComponent).join('/');
  return new URL(`${server.protocol.toLowerCase()}://${name}:${port}/${encoded}`);
}

async function open({ authorities, server, signal }: FetchRequest, target: Target, limits: TransferLimits) {
  const socket = await connectSocket(target, { signal, timeoutMs: limits.connectMs });
  if (server.protocol !== 'HTTPS') return socket;
  const timeoutMs = limits.handshakeMs;
  return await startTls(socket, target, { authorities, signal, timeoutMs, protocols: ['http/1.1'] });
}

/** Sends the GET, and again where the same server says so; gives the answer that has the file. */
async function ask(client: Client, request: FetchRequest, start: URL): Promise<Dispatcher.ResponseData> {
  let url = start;
  for (let asked = 0; asked <= REDIRECTS_AT_MOST; asked += 1) {
    const answer = await client.request({
      method: 'GET',
      path: url.pathname + url.search,
      headers: headersFor(request),
      signal: request.signal,
      highWaterMark: BUFFER_BYTES,
    });
    const next = redirection(request, answer, url);
    if (next === undefined) return checked(request, answer);
    await answer.body.dump();
    url = next;
  }
  throw refused(request, `it redirected more than ${REDIRECTS_AT_MOST} times`);
}

function headersFor({ server }: FetchRequest): Record<string, string> {
  const { username, password } = server;
  const headers = { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': 'osimage-export' };
  if (username === '' && password === '') return headers;
  const credentials = Buffer.from(`${username}:${password}`).toString('base64');
  return { ...headers, authorization: `Basic ${credentials}` };
}

/** Where the answer sends us, undefined when it does not. Throws unless that is on the same server. */
function redirection(request: FetchRequest, answer: Dispatcher.ResponseData, from: URL): URL | undefined {
  if (![301, 302, 303, 307, 308].includes(answer.statusCode)) return undefined;
  const location = String(answer.headers.location ?? '');
  const to = location === '' ? null : URL.parse(location, from.href);
  if (to === null) throw refused(request, 'it redirects to nowhere');
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
  if (status === 200) throw refused(request, 'it sends the file encoded, although it was asked not to');
  if (status === 401) throw loginRefused(request);
  if (status === 403) throw unreadable(request);
  if (status === 404 || status === 410) throw fileMissing(request);
  const said = `it answered with status ${status}`;
  throw status >= 500 || [408, 425, 429].includes(status) ? failed(request, said) : refused(request, said);
}

function remoteFile(
  client: Client,
  request: FetchRequest,
  { body, headers }: Dispatcher.ResponseData,
  limits: TransferLimits,
): RemoteFile {
  const length = String(headers['content-length'] ?? '');
  return {
    size: /^\d{1,15}$/.test(length) ? Number(length) : undefined,
    async *content() {
      try {
        yield* body as AsyncIterable<Buffer>;
      } catch (error) {
        throw httpProblem(error, request, limits);
      }
    },
    async close() {
      body.on('error', () => undefined);
      await client.destroy();
    },
  };
}
