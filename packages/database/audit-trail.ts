/** Keeps audit entries: each in the log and in the table, before whoever did it is answered. */

import type { Database } from './pool.ts';
import { type AuditEntry, appendAudit } from './queries/audit.ts';

/** What a trail needs of a logger. */
export interface AuditLog {
  info(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface AuditTrail {
  /** Writes the entry to the log and to the table. Never throws; what the table did not take is logged as an error. */
  record(entry: AuditEntry): Promise<void>;
  /** Writes the entry to the log alone. */
  note(entry: AuditEntry): void;
}

/** How long an answer waits for the table, ms. */
const patienceMs = 2_000;
/** Entries in one statement at most. */
const mostAtOnce = 500;

interface Waiting {
  entry: AuditEntry;
  done: () => void;
}

/**
 * Makes a trail on `db`. Entries that arrive while a statement is under way go together with the next one, so that
 * many requests a second cost few commits. `lost` is told how many entries the table did not confirm in time.
 */
export function createAuditTrail(
  db: Database,
  log: AuditLog,
  lost: (count: number) => void = () => {},
): AuditTrail {
  let waiting: Waiting[] = [];
  let writing = false;

  async function write(): Promise<void> {
    writing = true;
    while (waiting.length > 0) {
      const batch = waiting.splice(0, mostAtOnce);
      try {
        await inTime(appendAudit(db, ...batch.map(({ entry }) => entry)));
        for (const { done } of batch) done();
      } catch (error) {
        // Those behind would only wait for the same database: nobody's answer hangs because of the trail.
        const all = [...batch, ...waiting];
        waiting = [];
        giveUp(all, error);
      }
    }
    writing = false;
  }

  function giveUp(all: readonly Waiting[], error: unknown): void {
    lost(all.length);
    for (const { entry, done } of all) {
      log.error({ audit: entry, err: error }, 'audit entry not confirmed by the database');
      done();
    }
  }

  const note = (entry: AuditEntry) => log.info({ audit: entry }, 'audit');
  return {
    note,
    record(entry) {
      note(entry);
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.push({ entry, done: resolve });
      if (!writing) void write();
      return promise;
    },
  };
}

async function inTime(work: Promise<void>): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${patienceMs} ms`)), patienceMs);
  // What comes too late is nobody's any more.
  work.catch(() => {});
  try {
    await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
