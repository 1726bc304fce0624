/** Turns an async function into the handler of a unary rpc: who calls, when they hang up, what failed. */
import { randomUUID } from 'node:crypto';
import type { handleUnaryCall, Metadata } from '@grpc/grpc-js';
import { toProblem } from '@osimage/errors';
import { requestIdMetadata, toStatus, userMetadata } from '@osimage/packaging-api';
import type { Logger } from '@osimage/telemetry';

export interface Call {
  /** Whom the call is made for. */
  readonly user: string;
  readonly requestId: string;
  /** Aborts when the caller hangs up or its deadline passes. */
  readonly signal: AbortSignal;
}

/** `answer` may throw anything; callers get a status with our code, the log gets the cause. */
export function unary<Request, Response>(
  log: Logger,
  answer: (request: Request, call: Call) => Promise<Response>,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    const hungUp = new AbortController();
    call.on('cancelled', () => hungUp.abort());
    const requestId = first(call.metadata, requestIdMetadata) || randomUUID();
    const user = decode(first(call.metadata, userMetadata)) || 'grpc';
    answer(call.request, { user, requestId, signal: hungUp.signal }).then(
      (response) => callback(null, response),
      (error: unknown) => {
        const problem = toProblem(error, requestId);
        if (problem.entry.http >= 500 && !hungUp.signal.aborted)
          log.error({ err: problem, cause: problem.cause, request: requestId }, 'call failed');
        callback(toStatus(problem));
      },
    );
  };
}

function first(metadata: Metadata, key: string): string {
  const value = metadata.get(key)[0];
  return typeof value === 'string' ? value.slice(0, 200) : '';
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
