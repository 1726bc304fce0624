/** Reading a file on the server back. */
import type { SftpFiles } from '../../sftp/files.ts';
import { readAhead } from '../../sftp/read-ahead.ts';

/** Reads a remote file from `from` on; the handle is closed in the end. Throws SftpStatus, also when it cannot be opened. */
export async function* remoteContent(
  files: SftpFiles,
  path: string,
  signal: AbortSignal,
  from = 0,
): AsyncGenerator<Buffer> {
  const handle = await files.openToRead(path);
  try {
    yield* readAhead(files.channel, handle, signal, from);
  } finally {
    // Nothing depends on the answer, and a round trip is long on some links.
    files.close(handle).catch(() => undefined);
  }
}
