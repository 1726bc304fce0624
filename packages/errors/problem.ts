/** The one error class at every boundary of the product, and the way anything caught becomes it. */
import { type CatalogueEntry, catalogue, type ErrorCode } from './catalogue.ts';

export type ProblemParams = Readonly<Record<string, string | number>>;

/** A failure with a code of the catalogue. `cause` is for the log and never sent to a caller. */
export class Problem extends Error {
  readonly code: ErrorCode;
  readonly params: ProblemParams;
  /** What the user can do, filled in. */
  readonly recovery: string;

  constructor(code: ErrorCode, params: ProblemParams = {}, options: { cause?: unknown } = {}) {
    super(fill(catalogue[code].text, params), options);
    this.name = 'Problem';
    this.code = code;
    this.params = params;
    this.recovery = fill(catalogue[code].recovery, params);
  }

  /** The Problem a report was made of, as it arrives from another process; unknown codes become `internal`. */
  static fromReport(report: { code: string; text: string; recovery: string }, cause?: unknown): Problem {
    if (!Object.hasOwn(catalogue, report.code))
      return new Problem('internal', { reference: '' }, { cause: cause ?? report });
    const problem = new Problem(report.code as ErrorCode, {}, { cause });
    return Object.assign(problem, { message: report.text, recovery: report.recovery });
  }

  get entry(): CatalogueEntry {
    return catalogue[this.code];
  }

  /** Whether the same work may succeed when it is tried again by itself. */
  get transient(): boolean {
    return this.entry.transient === true;
  }

  /** The form kept in a job's `error` and sent to callers. */
  toJSON(): ProblemReport {
    return { code: this.code, id: this.entry.id, text: this.message, recovery: this.recovery };
  }
}

export interface ProblemReport {
  code: string;
  id: string;
  text: string;
  recovery: string;
}

function fill(template: string, params: ProblemParams): string {
  return template.replace(/\{(\w+)\}/g, (whole, key: string) => String(params[key] ?? whole));
}

/** The errno or SQLSTATE of something caught, or undefined. */
export function systemCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** PostgreSQL does not answer for the moment. Whatever was asked of it may or may not have been done. */
export class DatabaseAway extends Error {
  override name = 'DatabaseAway';
  /** Nobody said that it is away; it only did not answer in time. */
  readonly silent: boolean;

  constructor(cause: Error) {
    super(`the database is away: ${cause.message}`, { cause });
    this.silent = cause.message === 'Query read timeout';
  }
}

const databaseAway = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
  // Shut down, crashed, starting.
  '57P01',
  '57P02',
  '57P03',
  // Too many connections.
  '53300',
  // A transaction of ours stood still, or a statement waited, for longer than we allow.
  '25P03',
  '57014',
]);

/** What `pg` says without a code. */
const awaySaid =
  /^(Connection terminated|timeout exceeded when trying to connect|timeout expired|Query read timeout|Client (has encountered a connection error|was closed) and is not queryable)/;

/** SQLSTATE of a database that has no space left on its disk. */
const diskFull = '53100';

/** Whether an error from `pg` means that the database is away for the moment, not that a query is wrong. */
export function isDatabaseAway(error: unknown): boolean {
  if (error instanceof DatabaseAway) return true;
  const code = systemCode(error);
  // A missing socket, not a missing file.
  if (code === 'ENOENT') return (error as NodeJS.ErrnoException).syscall === 'connect';
  if (code !== undefined) return databaseAway.has(code) || code.startsWith('08');
  return error instanceof Error && awaySaid.test(error.message);
}

/** The same for an error of `pg`, to be thrown in its place; undefined when the database answered. */
export function asAway(error: Error): DatabaseAway | undefined {
  if (error instanceof DatabaseAway) return error;
  return isDatabaseAway(error) ? new DatabaseAway(error) : undefined;
}

/**
 * Turns anything caught into a Problem; a Problem stays itself.
 * Unknown errors become `internal`, with the original as cause.
 */
export function toProblem(error: unknown, reference = ''): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof DatabaseAway || (isDatabaseAway(error) && isFromDatabase(error)))
    return new Problem('unavailable', { what: 'its database' }, { cause: error });
  if (systemCode(error) === diskFull) return new Problem('database_full', {}, { cause: error });
  return new Problem('internal', { reference }, { cause: error });
}

function isFromDatabase(error: unknown): boolean {
  const code = systemCode(error) ?? '';
  return (
    /^[0-9A-Z]{5}$/.test(code) ||
    (error instanceof Error && /Connection terminated|connect|timeout exceeded/i.test(error.message))
  );
}
