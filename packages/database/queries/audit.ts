/** The audit trail: entries are added and read, never changed (migration 010 refuses it). */
import type { Queryable } from '../pool.ts';

export type AuditSource = 'rest' | 'grpc' | 'command line' | 'service';
export type AuditOutcome = 'success' | 'refused' | 'failed';

export interface AuditEntry {
  source: AuditSource;
  /** Who; as tried where a sign-in failed, empty when nobody was named. */
  user: string;
  /** From where; empty for the command line. */
  address: string;
  /** What was done, `profile.change`. */
  action: string;
  /** Ids of what it concerns. */
  objects?: readonly string[];
  outcome: AuditOutcome;
  /** The stable code of the error. */
  code?: string;
  /** The HTTP status that was answered. */
  status?: number;
  requestId?: string;
  /** The job that was made. */
  jobId?: string;
  /** A sentence more. Never a secret. */
  detail?: string;
}

const longestWord = 256;
const longestDetail = 1_000;

/**
 * Adds entries, in one statement. Texts are shortened to 256 characters (detail: 1,000), and what a text of the
 * database cannot hold is replaced, so that no name somebody tries can keep its entry out.
 */
export async function appendAudit(db: Queryable, ...entries: readonly AuditEntry[]): Promise<void> {
  const rows = entries.map((entry) => ({
    source: entry.source,
    user_name: clean(entry.user, longestWord),
    address: clean(entry.address, longestWord),
    action: clean(entry.action, longestWord),
    objects: (entry.objects ?? []).map((id) => clean(id, longestWord)),
    outcome: entry.outcome,
    code: entry.code ?? null,
    status: entry.status ?? null,
    request_id: clean(entry.requestId ?? '', longestWord),
    job_id: entry.jobId ?? null,
    detail: clean(entry.detail ?? '', longestDetail),
  }));
  await db.query(
    `insert into audit (source, user_name, address, action, objects, outcome, code, status, request_id, job_id, detail)
     select source, user_name, address, action, objects, outcome, code, status, request_id, job_id, detail
     from jsonb_to_recordset($1) as e (source text, user_name text, address text, action text, objects text[],
       outcome text, code text, status integer, request_id text, job_id text, detail text)`,
    [JSON.stringify(rows)],
    { prepared: true },
  );
}

/** Well-formed, without control characters, at most `longest` long. */
function clean(text: string, longest: number): string {
  const short = text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  return short.toWellFormed().replace(/[\u0000-\u001f\u007f]/g, '\ufffd');
}

export interface AuditRow {
  id: number;
  at: Date;
  source: AuditSource;
  user_name: string;
  address: string;
  action: string;
  objects: string[];
  outcome: AuditOutcome;
  code: string | null;
  status: number | null;
  request_id: string;
  job_id: string | null;
  detail: string;
}

export interface AuditFilter {
  user?: string;
  action?: string;
  /** An id among the entry's objects. */
  object?: string;
  outcome?: AuditOutcome;
  /** At this time or later. */
  since?: Date;
  /** Before this time. */
  until?: Date;
  /** Only entries older than this one. */
  before?: { at: Date; id: number | string };
  limit: number;
}

/** Newest first. Each filter has an index (test/database/audit.test.ts looks at the plans). */
export async function listAudit(db: Queryable, filter: AuditFilter): Promise<AuditRow[]> {
  const { text, values } = auditQuery(filter);
  const { rows } = await db.query<AuditRow>(text, values);
  return rows;
}

/** The statement of a filter; conditions that are not asked for are left out, so that each plan fits. */
export function auditQuery(filter: AuditFilter): { text: string; values: unknown[] } {
  const values: unknown[] = [];
  const conditions: string[] = [];
  const also = (condition: string, ...more: unknown[]) => {
    conditions.push(condition.replace(/\?/g, () => `$${values.push(more.shift())}`));
  };
  if (filter.user !== undefined) also('user_name = ?', filter.user);
  if (filter.action !== undefined) also('action = ?', filter.action);
  if (filter.object !== undefined) also('objects @> array[?]', filter.object);
  if (filter.outcome !== undefined) also('outcome = ?', filter.outcome);
  if (filter.since) also('at >= ?', filter.since);
  if (filter.until) also('at < ?', filter.until);
  if (filter.before) also('(at, id) < (?::timestamptz, ?)', filter.before.at, filter.before.id);
  const where = conditions.length > 0 ? `where ${conditions.join(' and ')}` : '';
  const limit = `$${values.push(filter.limit)}`;
  const text = `select id, at, source, user_name, address, action, objects, outcome, code, status, request_id,
      job_id, detail
    from audit ${where} order by at desc, id desc limit ${limit}`;
  return { text, values };
}
