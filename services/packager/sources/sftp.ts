/** Fetching over SFTP, on the connection that deliveries use: the host key is pinned and compared alike. */
import { Problem } from '@osimage/errors';
import { refused } from '../failures.ts';
import { connect } from '../sftp/connect.ts';
import type { SftpConnection } from '../sftp/connection.ts';
import { remoteProblem, SftpStatus } from '../sftp/errors.ts';
import { isRegular, isFolder as isSftpFolder, SftpFiles } from '../sftp/files.ts';
import { defaultLimits, type SftpLimits } from '../sftp/limits.ts';
import { status } from '../sftp/packets.ts';
import { readAhead } from '../sftp/read-ahead.ts';
import { fetching, fileMissing, isFolder, unreadable } from './failures.ts';
import type { FetchRequest, RemoteFile, Source } from './source.ts';

// A read is answered from a disk or a cache; only a sync, which reading has none of, may take minutes.
const readLimits: SftpLimits = { ...defaultLimits, answerMs: 60_000 };

/** A source with these limits; the packager uses the usual ones. */
export function sftpSource(limits: SftpLimits = readLimits): Source {
  return async (request) => {
    const connection = await connect(request, limits);
    const { signal } = request;
    const onAbort = () => connection.abandon(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      signal.throwIfAborted();
      return await openOver(connection, request, onAbort);
    } catch (error) {
      signal.removeEventListener('abort', onAbort);
      connection.abandon(error);
      throw error;
    }
  };
}

async function openOver(
  connection: SftpConnection,
  request: FetchRequest,
  onAbort: () => void,
): Promise<RemoteFile> {
  const { path, signal } = request;
  const files = new SftpFiles(connection.channel, signal);
  const explain = (error: unknown) => {
    throw readProblem(error, request);
  };
  const found = await files.stat(path).catch(explain);
  if (found === undefined) throw fileMissing(request);
  if (isSftpFolder(found)) throw isFolder(request);
  // Opening a pipe would wait for whoever writes to it.
  if (!isRegular(found)) throw refused(request.server, fetching, 'it is neither a file nor a folder');
  const handle = await files.openToRead(path).catch(explain);
  return {
    size: found.size,
    async *content() {
      try {
        yield* readAhead(connection.channel, handle, signal);
      } catch (error) {
        throw readProblem(error, request);
      }
    },
    async close() {
      signal.removeEventListener('abort', onAbort);
      await connection.close();
    },
  };
}

function readProblem(error: unknown, request: FetchRequest): unknown {
  if (error instanceof SftpStatus && error.status === status.noSuchFile) return fileMissing(request, error);
  if (error instanceof SftpStatus && error.status === status.permissionDenied)
    return unreadable(request, error);
  if (error instanceof Problem) return error;
  return remoteProblem(error, request.server, fetching, request.path);
}
