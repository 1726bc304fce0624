/**
 * A signed-in FTP or FTPS connection. Control and data connections go to the one checked address: the control socket is
 * opened by us, and basic-ftp opens passive data connections to the address of that socket only (EPSV names a
 * port alone, and a PASV that names another address is refused). FTPS is TLS on both, with a verified
 * certificate, and never falls back: started by AUTH TLS, or on port 990 from the first byte on.
 */
import { Problem } from '@osimage/errors';
import { connectSocket, resolveTarget, startTls, tlsOptions } from '@osimage/outbound';
import { Client, FTPError, type FTPResponse } from 'basic-ftp';
import { loginRefused } from '../failures.ts';
import type { SecureAccess } from '../server-profile.ts';
import type { TransferLimits } from '../transfer-limits.ts';
import { ftpProblem } from './errors.ts';

const IMPLICIT_TLS_PORT = 990;

export interface FtpConnection {
  readonly client: Client;
  /** From now on an abort of the signal leaves the connection alone. */
  release(): void;
  close(): void;
}

/**
 * Connects and signs in. Until `release`, the connection ends when the signal aborts, and whatever waits on it fails.
 * Throws a Problem, or the reason of the signal; nothing stays open then.
 */
export async function connectFtp(access: SecureAccess, limits: TransferLimits): Promise<FtpConnection> {
  const { server, signal } = access;
  const client = new Client(limits.silenceMs);
  const onAbort = () => client.close();
  const release = () => signal.removeEventListener('abort', onAbort);
  const close = () => {
    release();
    client.close();
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await connect(client, access, limits);
    await logIn(client, access);
    signal.throwIfAborted();
    return { client, release, close };
  } catch (error) {
    close();
    throw signal.aborted ? signal.reason : ftpProblem(error, server, 'let us in', limits);
  }
}

async function connect(client: Client, access: SecureAccess, limits: TransferLimits): Promise<void> {
  const { addresses, authorities, server, signal } = access;
  const target = await resolveTarget(server.address, server.port, { signal, rules: addresses });
  const secure = server.protocol === 'FTPS';
  const implicit = secure && server.port === IMPLICIT_TLS_PORT;
  const socket = await connectSocket(target, { signal, timeoutMs: limits.connectMs });
  const useTls = async () => {
    const tls = await startTls(socket, target, { authorities, signal, timeoutMs: limits.handshakeMs });
    client.ftp.socket = tls;
    // The data connections take them over.
    client.ftp.tlsOptions = tlsOptions(target, authorities);
  };
  if (implicit) await useTls();
  else client.ftp.socket = socket;
  await welcome(client);
  if (!secure || implicit) return;
  await client.send('AUTH TLS').catch((error: unknown) => {
    if (!(error instanceof FTPError)) throw error;
    const detail = 'it does not offer TLS (AUTH TLS is refused)';
    throw new Problem('tls_failed', { address: server.address, detail }, { cause: error });
  });
  await useTls();
}

/** Waits for the server's greeting. */
function welcome(client: Client): Promise<unknown> {
  return client.ftp.handle(undefined, (answer: Error | FTPResponse, task) => {
    if (answer instanceof Error) task.reject(answer);
    else if (answer.code >= 200) task.resolve(answer);
  });
}

async function logIn(client: Client, { server }: SecureAccess): Promise<void> {
  const { username, password } = server;
  // Would end the command.
  if (/[\r\n\0]/.test(password)) throw loginRefused(server);
  await client.sendIgnoringError('OPTS UTF8 ON');
  await (username === '' ? client.login() : client.login(username, password)).catch((error: unknown) => {
    // 4yz passes (too many users), the rest is final; it is asked once.
    throw error instanceof FTPError && error.code >= 500 ? loginRefused(server, error) : error;
  });
  await client.useDefaultSettings();
}
