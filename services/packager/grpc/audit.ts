/**
 * The audit trail of the control API. The gateway keeps an entry of each REST request; here are entries of what other
 * callers start, cancel or delete, kept before the caller hears of the outcome (docs/audit.md).
 */
import type { AuditTrail } from '@osimage/database';
import type { Problem } from '@osimage/errors';

/** Calls that change nothing, or only say that an upload goes on. */
const unaudited = new Set(['GetJob', 'ListJobs', 'RenewImport']);

/** The words of the trail; a call that has none goes by its own name. */
const actions: Record<string, string> = {
  StartExport: 'profile.export',
  CreateImport: 'import.create',
  StartImport: 'import.start',
  AbandonImport: 'import.abandon',
  CancelJobs: 'job.cancel',
  DeleteJobs: 'job.delete',
  RetryJobs: 'job.retry',
  TestConnection: 'server.test',
};

/** Attributes of requests and answers that hold ids. */
const idNames = ['profileId', 'serverId', 'jobId', 'ids', 'filename'] as const;

export interface AuditedCall {
  /** `/osimage.packaging.v1.PackagingService/StartExport`. */
  readonly path: string;
  readonly request: unknown;
  /** Empty where the caller was refused. */
  readonly user: string;
  /** From where, as gRPC tells it: `127.0.0.1:40123`. */
  readonly address: string;
  readonly requestId: string;
}

/** Keeps the entry of a call that was answered with `response`, or failed with `problem`. Never throws. */
export async function auditCall(
  trail: AuditTrail,
  call: AuditedCall,
  { response, problem }: { response?: unknown; problem?: Problem },
): Promise<void> {
  const name = call.path.slice(call.path.lastIndexOf('/') + 1);
  if (unaudited.has(name)) return;
  const jobId = idsOf(response, ['jobId'])[0];
  await trail.record({
    source: 'grpc',
    user: call.user,
    address: call.address,
    action: actions[name] ?? name,
    objects: [
      ...new Set([...idsOf(call.request, idNames), ...idsOf(response, idNames), ...successorsIn(response)]),
    ],
    outcome: !problem ? 'success' : [401, 403, 429].includes(problem.entry.http) ? 'refused' : 'failed',
    ...(problem && { code: problem.code, detail: problem.message }),
    requestId: call.requestId,
    ...(jobId !== undefined && { jobId }),
  });
}

function idsOf(message: unknown, names: readonly string[]): string[] {
  if (typeof message !== 'object' || message === null) return [];
  const values = names.flatMap((name) => (message as Record<string, unknown>)[name] ?? []);
  return values.filter((id): id is string => typeof id === 'string' && id !== '');
}

/** The jobs that a retry made. */
function successorsIn(response: unknown): string[] {
  const { jobs = [] } = (response ?? {}) as { jobs?: readonly { retriedAs?: string }[] };
  return jobs.flatMap(({ retriedAs }) => retriedAs || []);
}
