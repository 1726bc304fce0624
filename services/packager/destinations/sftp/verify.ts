/** Whether what lies on the server is what was sent, as far as the server profile wants it compared. */
import type { Archive } from '@osimage/archive';
import { Problem } from '@osimage/errors';
import { hasStatus, remoteProblem, SftpStatus } from '../../sftp/errors.ts';
import type { SftpFiles } from '../../sftp/files.ts';
import { status } from '../../sftp/packets.ts';
import { readWhole } from '../../sftp/read-ahead.ts';
import { compareDigest } from '../compare.ts';
import type { Delivery } from '../destination.ts';
import { sampleRanges } from '../samples.ts';
import { remoteContent } from './compare.ts';

/**
 * Compares the file at `path`, whose size is right already, by `server.options.verify`. Gives the sentence for the
 * job when the server does not let us look. Throws Problem remote_mismatch, or remote_unverifiable when all of it
 * had to be compared.
 */
export async function verifyContent(
  files: SftpFiles,
  delivery: Delivery,
  path: string,
): Promise<string | undefined> {
  const { archive, jobId, attempt, server } = delivery;
  const { verify } = server.options;
  if (verify === 'size') return undefined;
  try {
    if (verify === 'full') await compareDigest(remoteContent(files, path, delivery.signal), delivery);
    // Another attempt looks at other places; the same one, done again, at the same.
    else await compareRanges(files, delivery, path, sampleRanges(archive.size, `${jobId}-${attempt}`));
    return undefined;
  } catch (error) {
    if (!isRefused(error)) throw remoteProblem(error, server, 'read the archive back', path);
    const detail = 'the server does not let its user read it back';
    if (verify === 'full')
      throw new Problem('remote_unverifiable', { address: server.address, detail }, { cause: error });
    return `Only the size of the archive was compared: ${detail}.`;
  }
}

/** Throws Problem remote_mismatch at the first range that differs; SftpStatus when the file cannot be read. */
async function compareRanges(
  files: SftpFiles,
  { archive, server, signal }: Pick<Delivery, 'archive' | 'server' | 'signal'>,
  path: string,
  ranges: readonly (readonly [number, number])[],
): Promise<void> {
  const handle = await files.openToRead(path);
  try {
    await Promise.all(
      ranges.map(async ([from, to]) => {
        const theirs = Buffer.concat(await readWhole(files.channel, handle, from, to - from, signal));
        if (theirs.equals(await ownRange(archive, from, to, signal))) return;
        const detail = `its content differs between byte ${from} and byte ${to}`;
        throw new Problem('remote_mismatch', { address: server.address, detail });
      }),
    );
  } finally {
    files.close(handle).catch(() => undefined);
  }
}

function ownRange(archive: Archive, from: number, to: number, signal: AbortSignal): Promise<Buffer> {
  return archive.read(from, to - from, signal);
}

/** A folder one may only put files into. */
function isRefused(error: unknown): boolean {
  return (
    error instanceof SftpStatus &&
    (hasStatus(error, status.permissionDenied) || hasStatus(error, status.unsupported))
  );
}
