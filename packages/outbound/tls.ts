/** TLS on a socket that is connected already: the certificate is always verified, for the name in the profile. */
import { isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect, getCACertificates, type TLSSocket } from 'node:tls';
import { Problem, systemCode } from '@osimage/errors';
import type { Target } from './resolve.ts';

/** What a TLS client needs to know for a target; `authorities` are trusted besides the usual ones, PEM. */
export function tlsOptions({ host }: Target, authorities: readonly string[]): ConnectionOptions {
  return {
    host,
    // An address is verified too, but must not be sent as a name (RFC 6066, section 3).
    ...(isIP(host) === 0 && { servername: host }),
    ...(authorities.length > 0 && { ca: [...getCACertificates('default'), ...authorities] }),
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true,
  };
}

/**
 * Makes TLS of a connected socket. Throws Problem certificate_refused, tls_failed or host_unreachable (no answer
 * within `timeoutMs`), or the reason of the signal; the socket is closed then.
 */
export function startTls(
  socket: Socket,
  target: Target,
  options: { authorities: readonly string[]; signal: AbortSignal; timeoutMs: number; protocols?: string[] },
): Promise<TLSSocket> {
  const { authorities, signal, timeoutMs, protocols } = options;
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
  const secure = connect({
    ...tlsOptions(target, authorities),
    socket,
    ...(protocols && { ALPNProtocols: protocols }),
  });
  const settle = () => {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    secure.removeListener('error', onError).removeListener('close', onClose);
  };
  const giveUp = (reason: unknown) => {
    settle();
    secure.on('error', () => undefined).destroy();
    socket.on('error', () => undefined).destroy();
    reject(reason);
  };
  const onAbort = () => giveUp(signal.reason);
  const onError = (error: Error) => giveUp(tlsProblem(error, target) ?? closed(error));
  const onClose = () => giveUp(closed());
  const unreachable = (detail: string, cause?: Error) =>
    new Problem('host_unreachable', { address: target.host, port: target.port, detail }, { cause });
  const closed = (cause?: Error) => unreachable('it closed the connection instead of speaking TLS', cause);
  const timer = setTimeout(() => giveUp(unreachable(`no TLS within ${timeoutMs / 1000} seconds`)), timeoutMs);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  secure.once('error', onError).once('close', onClose);
  secure.once('secureConnect', () => {
    settle();
    resolve(secure);
  });
  return promise;
}

const certificateFaults: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'it has expired',
  CERT_NOT_YET_VALID: 'it is not valid yet',
  CERT_REVOKED: 'it was revoked',
  ERR_TLS_CERT_ALTNAME_INVALID: 'it is for another name',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it is signed by itself and not by a trusted authority',
  SELF_SIGNED_CERT_IN_CHAIN: 'its authority is not trusted',
  UNABLE_TO_GET_ISSUER_CERT: 'its authority is not known',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its authority is not trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its authority is not trusted',
  CERT_UNTRUSTED: 'its authority is not trusted',
  CERT_SIGNATURE_FAILURE: 'its signature is wrong',
  INVALID_PURPOSE: 'it is not made for a server',
};

/** What an error of TLS means; undefined when it is not about TLS. */
export function tlsProblem(error: Error, target: Pick<Target, 'host'>): Problem | undefined {
  const code = systemCode(error) ?? '';
  const options = { cause: error };
  const fault = certificateFaults[code] ?? (/^(CERT_|UNABLE_TO_)/.test(code) ? code : undefined);
  if (fault !== undefined)
    return new Problem('certificate_refused', { address: target.host, detail: fault }, options);
  if (!/^(ERR_SSL_|ERR_TLS_|EPROTO)/.test(code)) return undefined;
  const said = code === 'ERR_SSL_WRONG_VERSION_NUMBER' ? 'what answers there does not speak TLS' : code;
  return new Problem('tls_failed', { address: target.host, detail: said }, options);
}
