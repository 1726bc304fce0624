/** Whether a file on the server holds the bytes of the archive: compared, never trusted by its length or its date. */
import type { SftpFiles } from '../../sftp/files.ts';
import { readAhead } from '../../sftp/read-ahead.ts';

/** Gives the offset of the first byte in which the two differ or that one of them lacks. */
export async function equalUntil(
  ours: AsyncIterable<Buffer>,
  theirs: AsyncIterable<Buffer>,
  onEqual: (bytes: number) => void = () => undefined,
): Promise<number> {
  const remote = theirs[Symbol.asyncIterator]();
  let piece: Buffer = Buffer.alloc(0);
  let equal = 0;
  try {
    for await (const chunk of ours) {
      for (let at = 0; at < chunk.length; ) {
        if (piece.length === 0) {
          const next = await remote.next();
          if (next.done === true) return equal;
          piece = next.value;
        }
        const length = Math.min(chunk.length - at, piece.length);
        const [mine, found] = [chunk.subarray(at, at + length), piece.subarray(0, length)];
        if (!mine.equals(found)) return equal + firstDifference(mine, found);
        at += length;
        equal += length;
        piece = piece.subarray(length);
      }
      onEqual(equal);
    }
    return equal;
  } finally {
    await remote.return?.();
  }
}

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

function firstDifference(one: Buffer, other: Buffer): number {
  let at = 0;
  while (one[at] === other[at]) at += 1;
  return at;
}
