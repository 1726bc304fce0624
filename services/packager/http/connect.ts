/**
 * HTTP and HTTPS connections to a checked address, and what every request on them carries. The client may open several
 * one after the other; each goes to an address that was judged, and redirects are its caller's business.
 */
import type { Socket } from 'node:net';
import { connectSocket, resolveTarget, startTls, type Target } from '@osimage/outbound';
import { Client } from 'undici';
import { loginRefused } from '../failures.ts';
import type { SecureAccess, ServerProfile } from '../server-profile.ts';
import type { TransferLimits } from '../transfer-limits.ts';

const userAgent = 'osimage-export';

export interface HttpConnection {
  readonly client: Client;
  /** The address of a path on that server. The path is a file's name and not a URL: every character of it stands for itself. */
  url(path: string): URL;
  /** A socket of its own, with TLS where the protocol wants it; the caller owns it. */
  open(signal: AbortSignal): Promise<Socket>;
  /** For every request. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Resolves the address; connects when it is first asked for something. Throws Problem as resolveTarget does. */
export async function connectHttp(access: SecureAccess, limits: TransferLimits): Promise<HttpConnection> {
  const { addresses, server, signal } = access;
  const target = await resolveTarget(server.address, server.port, { signal, rules: addresses });
  const url = (path: string) => urlOf(server, target, path);
  const open = (until: AbortSignal) => openSocket(access, target, limits, until);
  const client = new Client(url('/').origin, {
    connect: (_options, done) =>
      void open(signal).then(
        (socket) => done(null, socket),
        (error: Error) => done(error, null),
      ),
    headersTimeout: limits.silenceMs,
    bodyTimeout: limits.silenceMs,
  });
  return { client, url, open, headers: headersFor(server) };
}

function urlOf({ protocol }: ServerProfile, { host, port }: Target, path: string): URL {
  const plain = host.split('%', 1)[0] ?? '';
  const name = plain.includes(':') ? `[${plain}]` : plain;
  const encoded = path.replace(/^\//, '').split('/').map(encodeURIComponent).join('/');
  return new URL(`${protocol.toLowerCase()}://${name}:${port}/${encoded}`);
}

async function openSocket(
  { authorities, server }: SecureAccess,
  target: Target,
  limits: TransferLimits,
  signal: AbortSignal,
): Promise<Socket> {
  const socket = await connectSocket(target, { signal, timeoutMs: limits.connectMs });
  if (server.protocol !== 'HTTPS') return socket;
  const timeoutMs = limits.handshakeMs;
  return await startTls(socket, target, { authorities, signal, timeoutMs, protocols: ['http/1.1'] });
}

function headersFor(server: ServerProfile): Record<string, string> {
  const { options, password, username } = server;
  const headers = { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': userAgent };
  if (options.authentication === 'bearer') {
    // Anything else would not be a token (RFC 6750), and may end the header.
    if (!/^[\x21-\x7e]+$/.test(password)) throw loginRefused(server);
    return { ...headers, authorization: `Bearer ${password}` };
  }
  if (username === '' && password === '') return headers;
  const credentials = Buffer.from(`${username}:${password}`).toString('base64');
  return { ...headers, authorization: `Basic ${credentials}` };
}
