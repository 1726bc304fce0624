/** Requests exactly as they are written, also wrong ones, with a deadline the client keeps. */
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface RawRequest {
  readonly method: string;
  /** Path and query, sent as they are. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** Sends one request; rejects when the answer is not there before `ms` are over. */
export async function sendRaw(url: string, order: RawRequest, ms: number): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  const { method, path, headers = {}, body } = order;
  const signal = AbortSignal.timeout(ms);
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  // A server that refuses early may close while the body is still on its way.
  const outgoing = request(
    { hostname, port, method, path, headers: { ...length, ...headers }, signal },
    resolve,
  );
  outgoing.on('error', reject).end(body);
  const answer = await promise;
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: await text(answer) };
}

/** Sends bytes over a connection, closes this side of it, and gives all that comes back. Rejects after `ms`. */
export async function sendBytes(url: string, bytes: string, ms: number): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  const timer = setTimeout(() => socket.destroy(new Error(`no answer within ${ms} ms`)), ms);
  try {
    await once(socket, 'connect');
    socket.end(bytes);
    return await text(socket);
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}
