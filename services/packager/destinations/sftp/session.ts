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

/**
 * Connects; throws what `connect` throws. Other connections are begun as soon as the first one is let in: on a long
 * link each needs seconds until it is of use.
 */
export async function openSession(delivery: Delivery, limits: SftpLimits): Promise<Session> {
  let fleet: Fleet | undefined;
  try {
    const connection = await connect(delivery, limits, (first) => {
      fleet = new Fleet(first, delivery, limits);
      const { bytesPerSecond } = delivery.server.options;
      const {
        archive: { size },
        sharing,
      } = delivery;
      const { roundTripMs } = first;
      fleet.want(lanesFor({ roundTripMs, size, bytesPerSecond, sharing }));
    });
    return { connection, fleet: fleet ?? new Fleet(connection, delivery, limits) };
  } catch (error) {
    fleet?.abandon(error);
    throw error;
  }
}
