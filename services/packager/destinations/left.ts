/**
 * What a delivery may have left on its server. Where that would be is kept with the job before there is anything, so that it
 * can be taken away when no worker has the job any more.
 */
import { posix } from 'node:path';
import type { SecureAccess, ServerProfile } from '../server-profile.ts';
import type { Delivery } from './destination.ts';
import { type DeliveryNames, namesOf } from './names.ts';

export interface LeftDelivery extends Pick<Delivery, 'checkpoint' | 'jobId'> {
  /** The last one. */
  readonly attempt: number;
}

/** `kept`: the server did not remove it. `foreign`: it has its final name, and may be somebody else's by now. */
export type Discarded = 'gone' | 'kept' | 'foreign';

/** Removes what all attempts have left. Throws what connecting throws, or when the server does not answer. */
export type Discard = (left: LeftDelivery, access: SecureAccess) => Promise<Discarded>;

/** Which server a checkpoint speaks of. */
export function serverOf({ protocol, username, address, port }: ServerProfile): string {
  const place = `${username}@${address}:${port}`;
  // So it is written in checkpoints of versions in which no other protocol had one.
  return protocol === 'SFTP' ? place : `${protocol.toLowerCase()}://${place}`;
}

/** The final path an earlier attempt had in mind on this server; it may be another one by now (contract, C-7). */
export function earlierPath({
  checkpoint,
  server,
}: Pick<Delivery, 'checkpoint' | 'server'>): string | undefined {
  if (checkpoint?.server !== serverOf(server) || typeof checkpoint.path !== 'string') return undefined;
  return checkpoint.path;
}

/** What the attempts up to this one have left under temporary names beside `path`, the last one first. */
export function namesUpTo(path: string, jobId: string, attempt: number): readonly DeliveryNames[] {
  return Array.from({ length: attempt }, (_, index) =>
    namesOf(posix.dirname(path), posix.basename(path), jobId, attempt - index),
  );
}

/** The path of what an attempt may have left, to be told; undefined when the server is another one by now. */
export function placeOfPartial(left: LeftDelivery, server: ServerProfile): string | undefined {
  const path = earlierPath({ ...left, server });
  if (path === undefined || left.checkpoint?.direct === true) return path;
  return namesUpTo(path, left.jobId, left.attempt)[0]?.archivePartial;
}
