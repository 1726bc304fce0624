/** One PUT over a connection of its own: the head is answered before the body goes, and an early answer is heard. */
import { once } from 'node:events';
import { type IncomingMessage, request as startRequest } from 'node:http';
import { stalled } from '../failures.ts';
import { type Body, endStream, StreamBroken, sendBody } from '../send.ts';
import type { ServerProfile } from '../server-profile.ts';
import type { TransferLimits } from '../transfer-limits.ts';
import type { HttpConnection } from './connect.ts';

/** How long to wait for "100 Continue"; a server that does not know it says nothing (RFC 9110, 10.1.1). Milliseconds. */
const CONTINUE_MS = 1_000;

export interface PutAnswer {
  readonly status: number;
  readonly location: string;
}

/** Sends `body` to `path`. Throws BodyFailed, Problem connection_stalled, or the failure of the connection. */
export async function put(
  connection: HttpConnection,
  server: ServerProfile,
  path: string,
  body: Body,
  limits: TransferLimits,
): Promise<PutAnswer> {
  const socket = await connection.open(body.signal);
  const onAbort = () => socket.destroy();
  body.signal.addEventListener('abort', onAbort, { once: true });
  const url = connection.url(path);
  const request = startRequest({
    createConnection: () => socket,
    method: 'PUT',
    path: url.pathname,
    headers: {
      ...connection.headers,
      host: url.host,
      'content-type': 'application/gzip',
      'content-length': body.size,
      expect: '100-continue',
    },
  });
  const answered = answerOf(request);
  try {
    request.flushHeaders();
    const early = await Promise.race([answered, goAhead(request)]);
    if (early !== undefined) return early;
    const silence = { ms: limits.silenceMs, problem: () => stalled(server, limits.silenceMs) };
    try {
      await sendBody(request, body, silence);
      await endStream(request, silence);
    } catch (error) {
      // A server that refuses in the middle answers and hangs up; what it said is worth more than that it did.
      if (error instanceof StreamBroken) {
        const said = await Promise.race([answered.catch(() => undefined), lastWords(limits)]);
        if (said !== undefined) return said;
      }
      throw error;
    }
    const timer = setTimeout(() => socket.destroy(stalled(server, limits.answerMs)), limits.answerMs);
    return await answered.finally(() => clearTimeout(timer));
  } finally {
    body.signal.removeEventListener('abort', onAbort);
    answered.catch(() => undefined);
    request.on('error', () => undefined).destroy();
    socket.destroy();
  }
}

/** What the server answers, whenever it does; the rest of its answer is of no use. */
function answerOf(request: ReturnType<typeof startRequest>): Promise<PutAnswer> {
  const answered = new Promise<PutAnswer>((resolve, reject) => {
    request.on('error', reject);
    request.on('response', (answer: IncomingMessage) => {
      answer.on('error', () => undefined).resume();
      resolve({ status: answer.statusCode ?? 0, location: answer.headers.location ?? '' });
    });
  });
  // Awaited where it is needed.
  answered.catch(() => undefined);
  return answered;
}

async function goAhead(request: ReturnType<typeof startRequest>): Promise<undefined> {
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), CONTINUE_MS);
  try {
    await once(request, 'continue', { signal: over.signal }).catch((error: unknown) => {
      if (!over.signal.aborted) throw error;
    });
  } finally {
    clearTimeout(timer);
  }
  return undefined;
}

async function lastWords({ silenceMs }: TransferLimits): Promise<undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  setTimeout(() => resolve(undefined), Math.min(silenceMs, CONTINUE_MS)).unref();
  return await promise;
}
