/** From what an HTTP client says went wrong to a Problem that tells what to do. */
import { Problem, systemCode } from '@osimage/errors';
import { errors } from 'undici';
import { lost, refused, stalled } from '../failures.ts';
import type { ServerProfile } from '../server-profile.ts';
import type { TransferLimits } from '../transfer-limits.ts';

/** A Problem stays itself. `action` completes "the server failed to …". */
export function httpProblem(
  error: unknown,
  server: ServerProfile,
  action: string,
  limits: TransferLimits,
): Problem {
  if (error instanceof Problem) return error;
  const code = systemCode(error) ?? '';
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT')
    return stalled(server, limits.silenceMs, error);
  // An end in the wrong place is a parser's error too.
  const notHttp = error instanceof errors.HTTPParserError || code.startsWith('HPE_');
  if (code === 'UND_ERR_HEADERS_OVERFLOW' || code === 'HPE_HEADER_OVERFLOW')
    return refused(server, action, 'its answer has too large headers', error);
  if (notHttp && error instanceof Error && !/EOF/.test(`${code} ${error.message}`))
    return refused(server, action, 'what it answers is not HTTP', error);
  return lost(server, error);
}
