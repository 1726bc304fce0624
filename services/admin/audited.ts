/** Changes to accounts and keys are written down like those that come over REST. */
import { userInfo } from 'node:os';
import { appendAudit, type Database, type Queryable } from '@osimage/database';
import { Problem } from '@osimage/errors';

/**
 * Runs `work` in a transaction that also writes the audit entry; when it is refused, the entry says why. `action` is
 * a word of the audit trail, `account.add`; `objects` are the ids it concerns.
 */
export async function audited<Result>(
  db: Database,
  action: string,
  objects: readonly string[],
  work: (tx: Queryable) => Promise<Result>,
): Promise<Result> {
  const entry = { source: 'command line', user: systemUser(), address: '', action, objects } as const;
  try {
    return await db.transaction(async (tx) => {
      const result = await work(tx);
      await appendAudit(tx, { ...entry, outcome: 'success' });
      return result;
    });
  } catch (error) {
    if (error instanceof Problem) {
      const outcome = error.entry.http < 500 ? 'refused' : 'failed';
      await appendAudit(db, { ...entry, outcome, code: error.code });
    }
    throw error;
  }
}

/** Who runs the command, as the system calls them. */
export function systemUser(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.()}`;
  }
}
