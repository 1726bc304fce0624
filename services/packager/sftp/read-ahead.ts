/** Reads a remote file in order, with many requests in flight: one at a time would crawl on a long link. */
import type { SftpChannel } from './channel.ts';
import { hasStatus, SftpStatus } from './errors.ts';
import { reply, request, status } from './packets.ts';

// As many bytes as the SSH window of our client holds (2 MiB) and the server's disk reads ahead on top.
const MAX_IN_FLIGHT = 16;
// Never more than OpenSSH grants, 255 KiB.
const MAX_READ = 261_120;

/** From `offset` to the end of the file. Throws SftpStatus, or what the channel throws. The handle stays open. */
export async function* readAhead(
  channel: SftpChannel,
  handle: Buffer,
  signal: AbortSignal,
  offset = 0,
): AsyncGenerator<Buffer> {
  const size = Math.min(channel.maxRead, MAX_READ);
  const inFlight: Promise<Buffer[]>[] = [];
  let next = offset;
  for (;;) {
    while (inFlight.length < MAX_IN_FLIGHT) {
      const part = readWhole(channel, handle, next, size, signal);
      // It is looked at when its turn comes.
      part.catch(() => undefined);
      inFlight.push(part);
      next += size;
    }
    const pieces = (await inFlight.shift()) ?? [];
    yield* pieces;
    if (pieces.reduce((sum, piece) => sum + piece.length, 0) < size) return;
  }
}

/** A part of a file; a server may answer with less than was asked for. Short only at the end of the file. */
export async function readWhole(
  channel: SftpChannel,
  handle: Buffer,
  offset: number,
  size: number,
  signal: AbortSignal,
): Promise<Buffer[]> {
  const pieces: Buffer[] = [];
  for (let done = 0; done < size; ) {
    const piece = await readOnce(channel, handle, offset + done, size - done, signal);
    if (piece === undefined) break;
    pieces.push(piece);
    done += piece.length;
  }
  return pieces;
}

async function readOnce(
  channel: SftpChannel,
  handle: Buffer,
  offset: number,
  length: number,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  try {
    const answer = await channel.request(request.read, [handle, BigInt(offset), length], signal);
    if (answer.type !== reply.data)
      throw new SftpStatus(status.badMessage, 'its answer is of the wrong kind');
    const data = answer.fields.bytes();
    if (data.length === 0 || data.length > length)
      throw new SftpStatus(status.badMessage, `it sent ${data.length} bytes instead of ${length}`);
    return data;
  } catch (error) {
    if (hasStatus(error, status.endOfFile)) return undefined;
    throw error;
  }
}
