/**
 * The audit trail of REST requests: one hook sees every request and keeps an entry of those that change something,
 * export, download, sign in, or are refused. The entry is kept before the answer is sent (docs/audit.md).
 */
import { type AuditEntry, type AuditOutcome, createAuditTrail } from '@osimage/database';
import { auditLogger } from '@osimage/telemetry';
import type { FastifyRequest } from 'fastify';
import type { App } from '../app-types.ts';
import { readBasic } from '../auth/basic.ts';
import { isChange } from '../auth/forgery.ts';
import type { GatewayServices } from '../services.ts';
import { createFloodLimit } from './flood-limit.ts';
import { objectsIn, objectsOf } from './objects.ts';

/** Failures that are worth an entry also when the request only wanted to read. */
const refusals = new Set(['cross_site', 'csrf_missing', 'privilege_missing', 'too_many_requests']);
/** Failures of whoever tried to sign in, whatever the request was about. */
const failedSignIns = new Set(['sign_in_failed', 'wrong_credentials']);
const refusedStatus = new Set([401, 403, 429]);

/** Call before every other hook that may refuse a request. */
export function registerAudit(app: App, { db, log }: GatewayServices, lost: (count: number) => void): void {
  const trail = createAuditTrail(db, auditLogger(log), lost);
  const flood = createFloodLimit();

  async function record(request: FastifyRequest, status: number): Promise<void> {
    const notes = request.audit;
    // Undefined where the request never became one: its address could not be read.
    const action = notes && !notes.recorded && actionOf(request);
    if (!action) return;
    notes.recorded = true;
    const entry = entryOf(request, action, status);
    if (request.user) return trail.record(entry);
    const { kept, leftOut } = flood.admit(request.ip);
    if (!kept) return trail.note(entry);
    if (leftOut > 0) entry.detail = `${entry.detail} (${leftOut} more from this address are in the log only)`;
    return trail.record(entry);
  }

  app.decorateRequest('audit');
  // For answers that leave the usual way before they are sent (downloads).
  app.decorateRequest('recordAudit', function (this: FastifyRequest, status: number) {
    return record(this, status);
  });
  app.addHook('onRequest', async (request) => {
    request.audit = { objects: [] };
  });
  app.addHook('preSerialization', async (request, _reply, answer) => {
    if (request.audit && actionOf(request)) {
      request.audit.objects.push(...objectsIn(answer));
      const { jobId } = answer as { jobId?: unknown };
      if (typeof jobId === 'string') request.audit.jobId ??= jobId;
    }
    return answer;
  });
  app.addHook('onSend', (request, reply) => record(request, reply.statusCode));
}

function actionOf(request: FastifyRequest): string | undefined {
  const { action, problem } = request.audit;
  const code = problem?.code ?? '';
  if (request.is404) return undefined;
  if (failedSignIns.has(code)) return 'sign-in';
  if (code === 'too_many_requests' && !request.user && triedName(request) !== '') return 'sign-in';
  if (action !== undefined) return action;
  const { url, config } = request.routeOptions;
  if (config.action !== undefined) return config.action;
  return isChange(request) || refusals.has(code) ? `${request.method} ${url}` : undefined;
}

function entryOf(request: FastifyRequest, action: string, status: number): AuditEntry {
  const { objects, jobId, problem, detail } = request.audit;
  const signIn = action === 'sign-in';
  return {
    source: 'rest',
    user: request.user?.name ?? triedName(request),
    address: request.ip,
    action,
    // Who fails to sign in does not get as far as the objects.
    objects: signIn ? [] : [...new Set([...objectsOf(request), ...objects])],
    outcome: outcomeOf(status),
    ...(problem && { code: problem.code }),
    status,
    requestId: request.id,
    ...(jobId !== undefined && { jobId }),
    detail:
      detail ??
      (signIn && problem ? `${request.method} ${request.routeOptions.url}` : (problem?.message ?? '')),
  };
}

function outcomeOf(status: number): AuditOutcome {
  if (status < 400) return 'success';
  return refusedStatus.has(status) ? 'refused' : 'failed';
}

/** The name somebody who is not signed in gave. */
function triedName(request: FastifyRequest): string {
  const name = readBasic(request.headers.authorization)?.name;
  if (name !== undefined) return name;
  const body = request.body;
  const given = typeof body === 'object' && body !== null && 'UserId' in body ? body.UserId : '';
  return typeof given === 'string' ? given : '';
}
