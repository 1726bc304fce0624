/**
 * Fetching over FTP and FTPS. Control and data connections go to the one checked address: the control socket is
 * opened by us, and basic-ftp opens passive data connections to the address of that socket only (EPSV names a
 * port alone, and a PASV that names another address is refused). FTPS is TLS on both, with a verified
 * certificate, and never falls back: started by AUTH TLS, or on port 990 from the first byte on.
 */
import { PassThrough } from 'node:stream';
import { Problem } from '@osimage/errors';
import { connectSocket, resolveTarget, startTls, type Target, tlsOptions } from '@osimage/outbound';
import { Client, FTPError, type FTPResponse } from 'basic-ftp';
import { fileMissing, isFolder, loginRefused, unreadable } from './failures.ts';
import { ftpProblem } from './ftp-errors.ts';
import { type TransferLimits, transferLimits } from './limits.ts';
import type { FetchRequest, RemoteFile, Source } from './source.ts';

const IMPLICIT_TLS_PORT = 990;
const BUFFER_BYTES = 1024 * 1024;
// How long after a broken data connection the reason may still come.
const ANSWER_MS = 1_000;

/** A source with these limits; the packager uses the usual ones. */
export function ftpSource(limits: TransferLimits = transferLimits): Source {
  return async (request) => {
    const { addresses, server, signal } = request;
    const target = await resolveTarget(server.address, server.port, { signal, rules: addresses });
    const client = new Client(limits.silenceMs);
    // Closing ends whatever waits on the client, too.
    const onAbort = () => client.close();
    signal.addEventListener('abort', onAbort, { once: true });
    const explain = (error: unknown) => ftpProblem(error, request, target, limits);
    try {
      await connect(client, request, target, limits);
      await logIn(client, request);
      const size = await sizeOf(client, request);
      signal.throwIfAborted();
      return remoteFile(client, request, size, explain, onAbort);
    } catch (error) {
      signal.removeEventListener('abort', onAbort);
      client.close();
      throw explain(error);
    }
  };
}

async function connect(
  client: Client,
  { authorities, server, signal }: FetchRequest,
  target: Target,
  limits: TransferLimits,
): Promise<void> {
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

async function logIn(client: Client, request: FetchRequest): Promise<void> {
  const { username, password } = request.server;
  // Would end the command.
  if (/[\r\n\0]/.test(password)) throw loginRefused(request);
  await client.sendIgnoringError('OPTS UTF8 ON');
  await (username === '' ? client.login() : client.login(username, password)).catch((error: unknown) => {
    // 4yz passes (too many users), the rest is final; it is asked once.
    throw error instanceof FTPError && error.code >= 500 ? loginRefused(request, error) : error;
  });
  await client.useDefaultSettings();
}

/** The size, undefined when the server has no such command. Tells what is wrong when there is no such file. */
async function sizeOf(client: Client, request: FetchRequest): Promise<number | undefined> {
  try {
    return await client.size(request.path);
  } catch (error) {
    // 500 to 504: no such command. Something that is no number is no size either.
    const known = error instanceof FTPError;
    if (client.closed || (known && error.code < 500)) throw error;
    if (known && error.code >= 530) throw await whyNot(client, request, error, false);
    return undefined;
  }
}

function remoteFile(
  client: Client,
  request: FetchRequest,
  size: number | undefined,
  explain: (error: unknown) => unknown,
  onAbort: () => void,
): RemoteFile {
  return {
    size,
    async *content() {
      letControlSpeakFirst(client);
      const passing = new PassThrough({ highWaterMark: BUFFER_BYTES });
      const done = client.downloadTo(passing, request.path);
      // Awaited below, or abandoned by a caller that wants no more.
      done.catch(() => undefined);
      try {
        yield* passing as AsyncIterable<Buffer>;
        await done;
      } catch (error) {
        // What the stream says is only an echo of what the client knows.
        const cause = await done.catch((reason: unknown) => reason);
        const refused = cause instanceof FTPError && cause.code >= 530 && !client.closed;
        const found = refused ? await whyNot(client, request, cause, size !== undefined) : (cause ?? error);
        throw explain(found);
      }
    },
    async close() {
      request.signal.removeEventListener('abort', onAbort);
      client.close();
    },
  };
}

/**
 * A server that will not send a file may reset the data connection before its answer has arrived (ProFTPD does),
 * and basic-ftp would then hang up without hearing why.
 */
function letControlSpeakFirst(client: Client): void {
  const prepare = client.prepareTransfer;
  client.prepareTransfer = async (ftp) => {
    const answer = await prepare(ftp);
    ftp.dataSocket?.removeAllListeners('error').removeAllListeners('close');
    ftp.dataSocket?.on('error', (error) => {
      setTimeout(() => ftp.closeWithError(error), ANSWER_MS).unref();
    });
    return answer;
  };
}

/** FTP has one code, 550, for everything that may be wrong with a path. */
async function whyNot(
  client: Client,
  request: FetchRequest,
  error: FTPError,
  exists: boolean,
): Promise<unknown> {
  try {
    await client.cd(request.path);
    return isFolder(request);
  } catch (refusal) {
    if (!(refusal instanceof FTPError)) return refusal;
  }
  if (/denied|permission|not allowed/i.test(error.message)) return unreadable(request, error);
  return exists && !/no such|not found/i.test(error.message)
    ? unreadable(request, error)
    : fileMissing(request, error);
}
