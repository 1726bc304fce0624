/**
 * Moves the bytes of an archive into one remote file over one channel: read once, in order, many writes in
 * flight. How many is the server's business as far as bytes go (the SSH window of OpenSSH holds 2 MiB); the
 * number of requests is limited here for servers with small writes or a generous window.
 */
import type { Archive } from '@osimage/archive';
import { Problem } from '@osimage/errors';
import type { SftpFiles } from '../../sftp/files.ts';

const MAX_IN_FLIGHT = 64;

// Never more than OpenSSH grants, 255 KiB: a server that promises more gets no faster by it, only we get bigger.
const MAX_WRITE = 261_120;

/**
 * Writes the whole archive to `handle`; `onProgress` is told the bytes acknowledged so far. Throws what the
 * archive or the channel throws; writes of which the answer is outstanding then need no further care.
 */
export async function upload(
  files: SftpFiles,
  handle: Buffer,
  archive: Archive,
  signal: AbortSignal,
  onProgress: (bytes: number) => void,
): Promise<void> {
  const largest = Math.min(files.channel.maxWrite, MAX_WRITE);
  const inFlight: Promise<void>[] = [];
  let failure: { readonly reason: unknown } | undefined;
  let offset = 0;
  let acknowledged = 0;
  for await (const chunk of archive.stream(signal)) {
    for (const part of evenParts(chunk, largest)) {
      if (inFlight.length >= MAX_IN_FLIGHT) await inFlight.shift();
      if (failure !== undefined) throw failure.reason;
      const write = files.channel.write(handle, offset, part, signal);
      offset += part.length;
      const done = write.acknowledged.then(() => {
        acknowledged += part.length;
        onProgress(acknowledged);
      });
      done.catch((reason: unknown) => {
        failure ??= { reason };
      });
      inFlight.push(done);
      // The memory of the chunk is the archive's again after this.
      await write.sent;
    }
  }
  await Promise.all(inFlight);
  if (offset !== archive.size) {
    throw new Problem('archive_damaged', { detail: `it has ${offset} bytes instead of ${archive.size}` });
  }
}

/** Cuts evenly: full writes and a small rest would cost one more round trip for next to nothing. */
function* evenParts(chunk: Buffer, largest: number): Generator<Buffer> {
  const size = Math.ceil(chunk.length / Math.ceil(chunk.length / largest));
  for (let at = 0; at < chunk.length; at += size) yield chunk.subarray(at, at + size);
}
