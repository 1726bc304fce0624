/** Opens the TCP connection to a resolved target; every protocol gets its socket here. */
import { createConnection, type Socket } from 'node:net';
import { Problem, systemCode } from '@osimage/errors';
import type { Target } from './resolve.ts';

export interface ConnectOptions {
  readonly signal: AbortSignal;
  /** Milliseconds until the attempt is given up. */
  readonly timeoutMs: number;
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was reset',
  EHOSTUNREACH: 'there is no route to the host',
  ENETUNREACH: 'there is no route to the network',
  ETIMEDOUT: 'it does not answer',
  EACCES: 'the firewall here forbids it',
  EPERM: 'the firewall here forbids it',
};

/**
 * Connects to one of the addresses of the target (RFC 8305: the next one is tried when the first does not
 * answer soon). The caller owns the socket. Throws Problem host_unreachable, or the reason of the signal;
 * nothing stays open then.
 */
export function connectSocket(target: Target, options: ConnectOptions): Promise<Socket> {
  const { signal, timeoutMs } = options;
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const socket = createConnection({
      host: target.host,
      port: target.port,
      noDelay: true,
      keepAlive: true,
      autoSelectFamily: true,
      // Never the resolver again: only addresses that were checked.
      lookup: (_host, _options, found) => found(null, [...target.addresses]),
    });
    const settle = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.removeListener('connect', onConnect).removeListener('error', onError);
    };
    const giveUp = (reason: unknown) => {
      settle();
      // A late error of the abandoned socket has nobody left to tell.
      socket.on('error', () => undefined).destroy();
      reject(reason);
    };
    const onAbort = () => giveUp(signal.reason);
    const onConnect = () => {
      settle();
      resolve(socket);
    };
    const unreachable = (detail: string, cause?: unknown) =>
      giveUp(new Problem('host_unreachable', { address: target.host, port: target.port, detail }, { cause }));
    const onError = (error: Error) => unreachable(reasonOf(error), error);
    const timer = setTimeout(() => unreachable(`no answer within ${timeoutMs / 1000} seconds`), timeoutMs);
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('connect', onConnect).once('error', onError);
  });
}

function reasonOf(error: Error): string {
  const code = systemCode(error) ?? '';
  return reasons[code] ?? (code || 'the connection failed');
}
