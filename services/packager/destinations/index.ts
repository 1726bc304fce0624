/** Which destination serves which protocol. A new protocol is one file beside this one and one line here. */
import type { ServerProfile } from '../server-profile.ts';
import type { Deliver } from './destination.ts';
import { ftpDestination } from './ftp.ts';
import { httpDestination } from './http.ts';
import { sftpDestination } from './sftp/deliver.ts';

const destinations: Readonly<Record<ServerProfile['protocol'], Deliver>> = {
  FTP: ftpDestination(),
  FTPS: ftpDestination(),
  HTTP: httpDestination(),
  HTTPS: httpDestination(),
  SFTP: sftpDestination(),
};

/** Gives the destination for a protocol. */
export function deliverTo(protocol: ServerProfile['protocol']): Deliver {
  return destinations[protocol];
}
