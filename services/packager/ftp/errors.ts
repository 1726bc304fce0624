/** From what FTP and its client say went wrong to a Problem that tells what to do. */
import { posix } from 'node:path';
import { Problem } from '@osimage/errors';
import { tlsProblem } from '@osimage/outbound';
import { FTPError } from 'basic-ftp';
import { failed, lost, refused, stalled, userOf } from '../failures.ts';
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
    const detail = printable(error.message);
    return error.code < 500 ? failed(server, action, detail, error) : refused(server, action, detail, error);
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

// What servers say in the text where FTP has only one code, in the words of ProFTPD, vsftpd, Pure-FTPd, FileZilla and IIS.
const said = {
  full: /no space|not enough space|insufficient (system )?storage|disk (is )?full|quota/i,
  name: /name (is )?too long|(file|path) ?name .*(not allowed|invalid|incorrect)|illegal (file ?)?name|invalid (file|path|character)/i,
  permission: /denied|permission|not allowed|not permitted|forbidden|read-?only|prohibited|access/i,
  missing: /no such|not found|does not exist|cannot find|can't find/i,
};

/**
 * The same for a refused change of `path`; `needed` are the bytes that were to be written there. 552 and 452 mean
 * space, 553 and 550 anything (RFC 959, section 4.2.2), so that the text has to tell.
 */
export function ftpWriteProblem(
  error: unknown,
  server: ServerProfile,
  action: string,
  limits: TransferLimits,
  { path, needed }: { readonly path: string; readonly needed: number },
): Problem {
  if (!(error instanceof FTPError)) return ftpProblem(error, server, action, limits);
  const { address } = server;
  const options = { cause: error };
  const detail = printable(error.message);
  const { code, message } = error;
  if (code === 552 || code === 452 || said.full.test(message))
    return new Problem('remote_full', { address, needed, detail }, options);
  if (said.name.test(message)) return new Problem('remote_name_refused', { address, path, detail }, options);
  if (code === 532 || (code >= 500 && said.permission.test(message)))
    return new Problem('remote_permission', { username: userOf(server), path, address }, options);
  if (code >= 550 && said.missing.test(message))
    return new Problem('remote_no_folder', { path: posix.dirname(path), address }, options);
  return ftpProblem(error, server, action, limits);
}
