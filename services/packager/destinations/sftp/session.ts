/** The connections of one delivery, and how many it is due. */
import { connect } from '../../sftp/connect.ts';
import type { SftpConnection } from '../../sftp/connection.ts';
import { Fleet } from '../../sftp/fleet.ts';
import type { SftpLimits } from '../../sftp/limits.ts';
import type { Delivery } from '../destination.ts';
import { lanesFor } from './lane-count.ts';

export interface Session {
  /** The one that everything but the bulk of the bytes goes over. */
  readonly connection: SftpConnection;
  readonly fleet: Fleet;
}

/** Counts the deliveries under way to each server: they share its link, and each is due a part of the channels. */
export class Sharing {
  readonly #running = new Map<string, number>();

  /** Runs one more delivery to a server; it may ask how many there are. */
  async during<Result>(serverId: string, work: (count: () => number) => Promise<Result>): Promise<Result> {
    const count = () => this.#running.get(serverId) ?? 1;
    this.#running.set(serverId, (this.#running.get(serverId) ?? 0) + 1);
    try {
      return await work(count);
    } finally {
      if (count() > 1) this.#running.set(serverId, count() - 1);
      else this.#running.delete(serverId);
    }
  }
}

/**
 * Connects; throws what `connect` throws. Other connections are begun as soon as the first one is let in: on a long
 * link each needs seconds until it is of use.
 */
export async function openSession(
  delivery: Delivery,
  limits: SftpLimits,
  sharing: () => number,
): Promise<Session> {
  let fleet: Fleet | undefined;
  try {
    const connection = await connect(delivery, limits, (first) => {
      fleet = new Fleet(first, delivery, limits);
      const { bytesPerSecond } = delivery.server.options;
      const { size } = delivery.archive;
      const { roundTripMs } = first;
      fleet.want(lanesFor({ roundTripMs, size, bytesPerSecond, sharing: sharing() }));
    });
    return { connection, fleet: fleet ?? new Fleet(connection, delivery, limits) };
  } catch (error) {
    fleet?.abandon(error);
    throw error;
  }
}
