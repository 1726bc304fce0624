/** Whether what lies on the server is what was sent, as far as the server profile wants it compared. */
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
  const { server } = delivery;
  const { verify } = server.options;
  if (verify === 'size') return undefined;
  try {
    if (verify === 'full') await compareDigest(remoteContent(files, path, delivery.signal), delivery);
    else await compareSamples(files, delivery, path);
    return undefined;
  } catch (error) {
    if (!isRefused(error)) throw remoteProblem(error, server, 'read the archive back', path);
    const detail = 'the server does not let its user read it back';
    if (verify === 'full')
      throw new Problem('remote_unverifiable', { address: server.address, detail }, { cause: error });
    return `Only the size of the archive was compared: ${detail}.`;
  }
}

async function compareSamples(files: SftpFiles, delivery: Delivery, path: string): Promise<void> {
  const { archive, attempt, jobId, server } = delivery;
  // Another attempt looks at other places; the same one, done again, at the same.
  const ranges = sampleRanges(archive.size, `${jobId}-${attempt}`);
  const differing = await differingRange(files, delivery, path, ranges);
  if (differing === undefined) return;
  const detail = `its content differs between byte ${differing[0]} and byte ${differing[1]}`;
  throw new Problem('remote_mismatch', { address: server.address, detail });
}

/** The first of the ranges, [from, to], in which the file is not the archive. Throws SftpStatus when it cannot be read. */
export async function differingRange(
  files: SftpFiles,
  { archive, signal }: Pick<Delivery, 'archive' | 'signal'>,
  path: string,
  ranges: readonly (readonly [number, number])[],
): Promise<readonly [number, number] | undefined> {
  if (ranges.length === 0) return undefined;
  const handle = await files.openToRead(path);
  try {
    const equal = await Promise.all(
      ranges.map(async ([from, to]) => {
        const theirs = await readWhole(files.channel, handle, from, to - from, signal);
        return Buffer.concat(theirs).equals(await archive.read(from, to - from, signal));
      }),
    );
    return ranges[equal.indexOf(false)];
  } finally {
    // Nothing depends on the answer, and a round trip is long on some links.
    files.close(handle).catch(() => undefined);
  }
}

/** A folder one may only put files into. */
function isRefused(error: unknown): boolean {
  return (
    error instanceof SftpStatus &&
    (hasStatus(error, status.permissionDenied) || hasStatus(error, status.unsupported))
  );
}
