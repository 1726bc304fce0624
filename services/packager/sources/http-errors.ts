/** From what the HTTP client says went wrong to a Problem that tells what to do. */
import { Problem, systemCode } from '@osimage/errors';
import { errors } from 'undici';
import { lost, refused, stalled } from './failures.ts';
import type { TransferLimits } from './limits.ts';
import type { FetchRequest } from './source.ts';

/** A Problem stays itself; after an abort its reason is what counts. */
export function httpProblem(error: unknown, request: FetchRequest, limits: TransferLimits): unknown {
  if (request.signal.aborted) return request.signal.reason;
  if (error instanceof Problem) return error;
  const code = systemCode(error) ?? '';
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT')
    return stalled(request, limits.silenceMs, error);
  // An end in the wrong place is a parser's error too.
  if (error instanceof errors.HTTPParserError && !/EOF/.test(`${code} ${error.message}`))
    return refused(request, 'what it answers is not HTTP', error);
  if (code === 'UND_ERR_HEADERS_OVERFLOW') return refused(request, 'its answer has too large headers', error);
  return lost(request, error);
}
