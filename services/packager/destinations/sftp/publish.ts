/** The last step: files that are complete get their final names. */
import type { SftpConnection } from '../../sftp/connection.ts';
import { remoteProblem } from '../../sftp/errors.ts';
import { SftpFiles } from '../../sftp/files.ts';
import type { SftpLimits } from '../../sftp/limits.ts';
import type { Delivery } from '../destination.ts';
import type { Leftovers } from './clean-up.ts';
import { type Publishing, replace } from './replace.ts';

interface Place {
  readonly connection: SftpConnection;
  readonly delivery: Delivery;
  readonly leftovers: Leftovers;
  readonly limits: SftpLimits;
}

/**
 * Makes files visible; gives sentences about it for the job. From the first rename on a cancel comes too late to be
 * honoured, as it could only leave an archive without its checksum; it does limit the time.
 */
export async function publish(place: Place, all: readonly Publishing[]): Promise<string[]> {
  const { connection, delivery, leftovers, limits } = place;
  const { checkLease, server, signal } = delivery;
  signal.throwIfAborted();
  await checkLease();
  signal.throwIfAborted();
  const files = new SftpFiles(connection.channel);
  let timer: NodeJS.Timeout | undefined;
  const onAbort = () => {
    timer = setTimeout(() => connection.abandon(signal.reason), limits.cleanUpMs / 2);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  let gap = false;
  try {
    for (const one of all) {
      const hadGap = await replace(files, one, checkLease).catch((error: unknown) => {
        throw remoteProblem(error, server, 'rename the file', one.final);
      });
      gap ||= hadGap;
      leftovers.published(one.partial);
    }
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
  return gap
    ? ['The file server cannot replace a file at once: for a moment there was none of that name.']
    : [];
}
