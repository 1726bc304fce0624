/** Which destination serves which protocol. A new protocol is one file beside this one and one line here. */
import { Problem } from '@osimage/errors';
import type { ServerProfile } from '../server-profile.ts';
import type { Deliver } from './destination.ts';
import { sftpDestination } from './sftp/deliver.ts';

const destinations: Partial<Record<ServerProfile['protocol'], Deliver>> = {
  SFTP: sftpDestination(),
};

/** Gives the destination for a protocol; throws Problem protocol_not_supported when there is none. */
export function deliverTo(protocol: ServerProfile['protocol']): Deliver {
  const deliver = destinations[protocol];
  if (deliver === undefined) throw new Problem('protocol_not_supported', { protocol });
  return deliver;
}
