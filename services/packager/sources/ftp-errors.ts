/** From what FTP and its client say went wrong to a Problem that tells what to do. */
import { Problem } from '@osimage/errors';
import { type Target, tlsProblem } from '@osimage/outbound';
import { FTPError } from 'basic-ftp';
import { printable } from '../printable.ts';
import { failed, lost, refused, stalled } from './failures.ts';
import type { TransferLimits } from './limits.ts';
import type { FetchRequest } from './source.ts';

/** A Problem stays itself; after an abort its reason is what counts. */
export function ftpProblem(
  error: unknown,
  request: FetchRequest,
  target: Target,
  limits: TransferLimits,
): unknown {
  if (request.signal.aborted) return request.signal.reason;
  if (error instanceof Problem) return error;
  if (error instanceof FTPError) {
    const said = printable(error.message);
    return error.code < 500 ? failed(request, said, error) : refused(request, said, error);
  }
  if (!(error instanceof Error)) return lost(request, error);
  const tls = tlsProblem(error, target);
  if (tls !== undefined) return tls;
  if (/PASV returned another host/.test(error.message))
    return refused(request, 'it wants the data connection to go to another address', error);
  // The sentences of basic-ftp; it has no codes.
  if (/^None of the available transfer strategies/.test(error.message))
    return failed(request, 'no data connection could be opened', error);
  if (/^Timeout/.test(error.message)) return stalled(request, limits.silenceMs, error);
  return lost(request, error);
}
