/** Fetching over FTP and FTPS, on the connection that deliveries use. */
import { PassThrough } from 'node:stream';
import { type Client, FTPError } from 'basic-ftp';
import { connectFtp, type FtpConnection } from '../ftp/connect.ts';
import { ftpProblem } from '../ftp/errors.ts';
import { type TransferLimits, transferLimits } from '../transfer-limits.ts';
import { fetching, fileMissing, isFolder, unreadable } from './failures.ts';
import type { FetchRequest, RemoteFile, Source } from './source.ts';

const BUFFER_BYTES = 1024 * 1024;
// How long after a broken data connection the reason may still come.
const ANSWER_MS = 1_000;

/** A source with these limits; the packager uses the usual ones. */
export function ftpSource(limits: TransferLimits = transferLimits): Source {
  return async (request) => {
    const { server, signal } = request;
    const connection = await connectFtp(request, limits);
    const explain = (error: unknown) =>
      signal.aborted ? signal.reason : ftpProblem(error, server, fetching, limits);
    try {
      const size = await sizeOf(connection.client, request);
      signal.throwIfAborted();
      return remoteFile(connection, request, size, explain);
    } catch (error) {
      connection.close();
      throw explain(error);
    }
  };
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
  { client, close }: FtpConnection,
  request: FetchRequest,
  size: number | undefined,
  explain: (error: unknown) => unknown,
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
      close();
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
