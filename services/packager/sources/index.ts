/** Which source serves which protocol. A new protocol is one file beside this one and one line here. */
import type { ServerProfile } from '../server-profile.ts';
import { ftpSource } from './ftp.ts';
import { httpSource } from './http.ts';
import { sftpSource } from './sftp.ts';
import type { Source } from './source.ts';

const sources: Readonly<Record<ServerProfile['protocol'], Source>> = {
  FTP: ftpSource(),
  FTPS: ftpSource(),
  HTTP: httpSource(),
  HTTPS: httpSource(),
  SFTP: sftpSource(),
};

/** Gives the source for a protocol. */
export function fetchFrom(protocol: ServerProfile['protocol']): Source {
  return sources[protocol];
}
