/** Turns an async function into the handler of a unary rpc: who calls, when they hang up, what failed. */
import { randomUUID } from 'node:crypto';
import type { handleUnaryCall } from '@grpc/grpc-js';
import { toProblem } from '@osimage/errors';
import { auditedMetadata, requestIdMetadata, toStatus } from '@osimage/packaging-api';
import type { PackagerContext } from '../context.ts';
import { auditCall } from './audit.ts';
import { type Caller, callerOf } from './caller.ts';
import { firstOf } from './metadata.ts';

export interface Call extends Caller {
  readonly requestId: string;
  /** Aborts when the caller hangs up or its deadline passes. */
  readonly signal: AbortSignal;
}

/** `answer` may throw anything; callers get a status with our code, the log gets the cause. */
export function unary<Request, Response>(
  { log, settings, audit }: Pick<PackagerContext, 'log' | 'settings' | 'audit'>,
  answer: (request: Request, call: Call) => Promise<Response>,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    const hungUp = new AbortController();
    call.on('cancelled', () => hungUp.abort());
    const requestId = firstOf(call.metadata, requestIdMetadata) || randomUUID();
    let caller: Caller | undefined;
    /** Keeps the audit entry, unless a gateway does. */
    const keep = async (outcome: Parameters<typeof auditCall>[2]) => {
      if (caller?.viaGateway && firstOf(call.metadata, auditedMetadata) !== '') return;
      const facts = { path: call.getPath(), request: call.request, address: call.getPeer(), requestId };
      await auditCall(audit, { ...facts, user: caller?.user ?? '' }, outcome);
    };
    const run = async () => {
      caller = callerOf(call, settings.GRPC_GATEWAYS);
      return await answer(call.request, { ...caller, requestId, signal: hungUp.signal });
    };
    run().then(
      async (response) => {
        await keep({ response });
        callback(null, response);
      },
      async (error: unknown) => {
        const problem = toProblem(error, requestId);
        await keep({ problem });
        if (problem.entry.http >= 500 && !hungUp.signal.aborted)
          log.error({ err: problem, cause: problem.cause, request: requestId }, 'call failed');
        callback(toStatus(problem));
      },
    );
  };
}
