/** Takes partial files back from the server when nobody goes on with them, within a short time or not at all. */
import { Problem } from '@osimage/errors';
import { connect } from '../../sftp/connect.ts';
import type { SftpConnection } from '../../sftp/connection.ts';
import { SftpFiles } from '../../sftp/files.ts';
import type { SftpLimits } from '../../sftp/limits.ts';
import type { Delivery } from '../destination.ts';
import { earlierPath } from '../left.ts';
import type { DeliveryNames } from '../names.ts';
import type { PartialFile } from './partial-file.ts';
import { discardAll } from './take-over.ts';

type Removal = 'gone' | 'kept' | 'silent';

/** What lies on the server under temporary names: files of this attempt, and those of earlier ones. */
export class Leftovers {
  /** Of attempts before this one. */
  earlier: readonly DeliveryNames[] = [];
  readonly #partials = new Map<string, PartialFile>();
  /** Where an earlier attempt made a file, as long as nothing else is known. */
  readonly #hint: string | undefined;

  constructor(delivery: Delivery) {
    this.#hint = earlierPath(delivery);
  }

  /** To be called before the file is made. */
  add(file: PartialFile): void {
    this.#partials.set(file.path, file);
  }

  /** It has its final name. */
  published(path: string): void {
    this.#partials.delete(path);
  }

  get isNothing(): boolean {
    return this.#partials.size === 0 && this.earlier.length === 0;
  }

  /** A place where something may be, to be told. */
  get place(): string | undefined {
    return [...this.#partials.keys()][0] ?? this.#hint;
  }

  /** `silent`: the server did not answer for every file. `kept`: it let one of this attempt not be removed. */
  async discard(connection: SftpConnection, signal: AbortSignal): Promise<Removal> {
    const files = new SftpFiles(connection.channel, signal);
    const results = await Promise.allSettled([
      ...[...this.#partials.values()].map((partial) => partial.discard(files)),
      discardAll(files, this.earlier),
    ]);
    if (results.some((result) => result.status === 'rejected')) return 'silent';
    return results.some((result) => result.status === 'fulfilled' && result.value === false)
      ? 'kept'
      : 'gone';
  }
}

/**
 * Closes the connection, and before that removes what is left unless another attempt goes on with it; never throws.
 * The connection at hand gets half of the time; when it is dead, or megabytes stand before the request in its queue, a
 * fresh one gets the rest. Where nothing helps, the job is told what may be left.
 */
export async function cleanUp(
  connection: SftpConnection | undefined,
  delivery: Delivery,
  leftovers: Leftovers,
  reason: unknown,
  limits: SftpLimits,
): Promise<void> {
  try {
    if (await mayStay(delivery, reason)) return;
    if (connection !== undefined && leftovers.isNothing) return;
    const removal = connection && (await remove(connection, delivery, leftovers, reason, limits));
    if (removal === 'gone' || leftovers.place === undefined) return;
    const why = removal === 'kept' ? 'which does not let us remove it' : 'which did not answer';
    delivery.onNote(`A partial file may be left on ${delivery.server.address}, ${why}: ${leftovers.place}.`);
  } finally {
    connection?.abandon(reason);
  }
}

/**
 * Whether it is not for this attempt to remove anything: another one goes on with it, or has the job already, and what
 * lies there may be its own by now. What is not the archive helps nobody.
 */
async function mayStay(delivery: Delivery, reason: unknown): Promise<boolean> {
  const isWrong = reason instanceof Problem && reason.code === 'remote_mismatch';
  if (delivery.triesAgain(reason) && !isWrong) return true;
  const lease: unknown = await delivery.checkLease().catch((error: unknown) => error);
  return isAttemptLost(reason) || isAttemptLost(lease);
}

async function remove(
  connection: SftpConnection,
  delivery: Delivery,
  leftovers: Leftovers,
  reason: unknown,
  limits: SftpLimits,
): Promise<Removal> {
  const half = limits.cleanUpMs / 2;
  const removal = await leftovers.discard(connection, AbortSignal.timeout(half));
  if (removal !== 'silent') return removal;
  connection.abandon(reason);
  try {
    const signal = AbortSignal.timeout(half);
    const { addresses } = delivery;
    const server = { ...delivery.server, hostKeys: connection.hostKeys };
    const pinHostKey = async () => connection.hostKeys;
    const fresh = await connect({ server, signal, addresses, pinHostKey }, limits);
    try {
      return await leftovers.discard(fresh, signal);
    } finally {
      fresh.abandon(reason);
    }
  } catch {
    // The failure that led here is the one to tell.
    return 'silent';
  }
}

function isAttemptLost(reason: unknown): boolean {
  return reason instanceof Problem && reason.code === 'attempt_lost';
}
