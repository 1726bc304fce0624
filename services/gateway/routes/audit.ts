/** `GET /audit`: who did what, for supervisors. Ours, not in the contract. */
import { type AuditFilter, type AuditRow, listAudit } from '@osimage/database';
import type { Static } from 'typebox';
import { success } from '../answers.ts';
import type { App } from '../app-types.ts';
import { requirePrivilege } from '../auth/privileges.ts';
import { readTime } from '../request-time.ts';
import { AuditQuery } from '../schemas/audit.ts';
import type { GatewayServices } from '../services.ts';

export function registerAuditRoute(app: App, { db }: GatewayServices): void {
  const options = {
    onRequest: requirePrivilege('lxc-read-audit'),
    schema: {
      summary: 'Read the audit trail',
      description:
        'Newest first. `next` is the value of `before` for the page after this one, and empty on the last page.',
      tags: ['audit'],
      querystring: AuditQuery,
    },
  };
  app.get('/audit', options, async (request) => {
    const { limit = 100 } = request.query;
    // One more tells whether there is another page.
    const rows = await listAudit(db, filterOf(request.query, limit + 1));
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    const next = rows.length > limit && last ? `${last.at.getTime()}-${last.id}` : '';
    return success({ entries: page.map(shownEntry), next });
  });
}

function filterOf(query: Static<typeof AuditQuery>, limit: number): AuditFilter {
  const { user, action, object, outcome, since, until, before } = query;
  return {
    limit,
    ...(user !== undefined && { user }),
    ...(action !== undefined && { action }),
    ...(object !== undefined && { object }),
    ...(outcome !== undefined && { outcome }),
    ...(since !== undefined && { since: readTime('since', since) }),
    ...(until !== undefined && { until: readTime('until', until) }),
    ...(before !== undefined && { before: readCursor(before) }),
  };
}

function readCursor(cursor: string): { at: Date; id: string } {
  const [ms = '', id = ''] = cursor.split('-');
  return { at: new Date(Number(ms)), id };
}

function shownEntry(row: AuditRow) {
  return {
    id: row.id,
    time: row.at.toISOString(),
    source: row.source,
    user: row.user_name,
    address: row.address,
    action: row.action,
    objects: row.objects,
    outcome: row.outcome,
    code: row.code,
    status: row.status,
    requestId: row.request_id,
    jobId: row.job_id,
    detail: row.detail,
  };
}
