/** Takes partial files back from the server after a failure or a cancel, within a short time or not at all. */
import { Problem } from '@osimage/errors';
import { connect } from '../../sftp/connect.ts';
import type { SftpConnection } from '../../sftp/connection.ts';
import { SftpFiles } from '../../sftp/files.ts';
import type { SftpLimits } from '../../sftp/limits.ts';
import type { Delivery } from '../destination.ts';
import type { PartialFile } from './partial-file.ts';

/**
 * Removes `partials` and closes the connection; never throws. The connection at hand gets half of the time;
 * when it is dead, or megabytes stand before the request in its queue, a fresh one gets the rest. An attempt
 * that lost its job removes nothing: what lies there may be its successor's by now.
 */
export async function cleanUp(
  connection: SftpConnection,
  delivery: Delivery,
  partials: readonly PartialFile[],
  reason: unknown,
  limits: SftpLimits,
): Promise<void> {
  const nothingToDo = partials.length === 0 || isAttemptLost(reason) || isAttemptLost(delivery.signal.reason);
  try {
    if (nothingToDo) return;
    const half = limits.cleanUpMs / 2;
    if (await discardAll(connection, partials, AbortSignal.timeout(half))) return;
    connection.abandon(reason);
    const signal = AbortSignal.timeout(half);
    const { addresses } = delivery;
    const server = { ...delivery.server, hostKeys: connection.hostKeys };
    const pinHostKey = async () => connection.hostKeys;
    const fresh = await connect({ server, signal, addresses, pinHostKey }, limits);
    await discardAll(fresh, partials, signal);
    fresh.abandon(reason);
  } catch {
    // The server is out of reach; the failure that led here is the one to tell.
  } finally {
    connection.abandon(reason);
  }
}

/** Whether the server has answered for every file. */
async function discardAll(connection: SftpConnection, partials: readonly PartialFile[], signal: AbortSignal) {
  const files = new SftpFiles(connection.channel, signal);
  const results = await Promise.allSettled(partials.map((partial) => partial.discard(files)));
  return results.every((result) => result.status === 'fulfilled');
}

function isAttemptLost(reason: unknown): boolean {
  return reason instanceof Problem && reason.code === 'attempt_lost';
}
