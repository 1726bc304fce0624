/** From what FTP and its client say went wrong to a Problem that tells what to do. */
import { Problem } from '@osimage/errors';
import { tlsProblem } from '@osimage/outbound';
import { FTPError } from 'basic-ftp';
import { failed, lost, refused, stalled } from '../failures.ts';
import { printable } from '../printable.ts';
import type { ServerProfile } from '../server-profile.ts';
import type { TransferLimits } from '../transfer-limits.ts';

/** A Problem stays itself. `action` completes "the server failed to …". */
export function ftpProblem(
  error: unknown,
  server: ServerProfile,
  action: string,
  limits: TransferLimits,
): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof FTPError) {
    const said = printable(error.message);
    return error.code < 500 ? failed(server, action, said, error) : refused(server, action, said, error);
  }
  if (!(error instanceof Error)) return lost(server, error);
  const tls = tlsProblem(error, { host: server.address });
  if (tls !== undefined) return tls;
  if (/PASV returned another host/.test(error.message))
    return refused(server, action, 'it wants the data connection to go to another address', error);
  // The sentences of basic-ftp; it has no codes.
  if (/^None of the available transfer strategies/.test(error.message))
    return failed(server, action, 'no data connection could be opened', error);
  if (/^Timeout/.test(error.message)) return stalled(server, limits.silenceMs, error);
  return lost(server, error);
}
