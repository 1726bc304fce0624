/** Which destination serves which protocol. A new protocol is one file beside this one and a line in each table here. */
import type { ServerProfile } from '../server-profile.ts';
import type { Deliver } from './destination.ts';
import { discardFtp, ftpDestination } from './ftp.ts';
import { discardHttp, httpDestination } from './http.ts';
import type { Discard } from './left.ts';
import { sftpDestination } from './sftp/deliver.ts';
import { discardSftp } from './sftp/discard.ts';

type Protocol = ServerProfile['protocol'];

const destinations: Readonly<Record<Protocol, Deliver>> = {
  FTP: ftpDestination(),
  FTPS: ftpDestination(),
  HTTP: httpDestination(),
  HTTPS: httpDestination(),
  SFTP: sftpDestination(),
};

const discards: Readonly<Record<Protocol, Discard>> = {
  FTP: discardFtp,
  FTPS: discardFtp,
  HTTP: discardHttp,
  HTTPS: discardHttp,
  SFTP: discardSftp,
};

/** Gives the destination for a protocol. */
export function deliverTo(protocol: Protocol): Deliver {
  return destinations[protocol];
}

/** Gives what takes away over a protocol what a delivery has left. */
export function discardFrom(protocol: Protocol): Discard {
  return discards[protocol];
}
