/** The retention rule for archives, put into effect (contract, C-10). */
import {
  appendAudit,
  type Database,
  type ExpiredArchive,
  expireArchives,
  findExpired,
  type RetentionRule,
} from '@osimage/database';
import { removeArchiveFile } from './archive-files.ts';
import { unlimited } from './limits.ts';
import type { BlobStore } from './types.ts';

/** Who does it, for the audit trail. */
export interface Author {
  readonly source: 'service' | 'command line';
  readonly user: string;
}

/** Archives that go in one transaction, at most. */
const atOnce = 500;

/**
 * Removes the archives the store's rule lets go and gives them, oldest first. Each is in the audit trail, in the
 * transaction that makes it unavailable; its file goes after that. A download that has begun goes on: it holds the
 * file open. `onLeft` hears of files that could not be removed.
 */
export async function applyRetention(
  db: Database,
  store: BlobStore,
  author: Author,
  onLeft: (error: unknown, path: string) => void,
  signal?: AbortSignal,
): Promise<ExpiredArchive[]> {
  const rule = (store.limits ?? unlimited).retention;
  const expired = new Map((await findExpired(db, rule)).map((archive) => [archive.name, archive]));
  const gone: ExpiredArchive[] = [];
  for (let names = [...expired.keys()]; names.length > 0; names = names.slice(atOnce)) {
    signal?.throwIfAborted();
    const removed = await db.transaction(async (tx) => {
      const marked = await expireArchives(tx, names.slice(0, atOnce));
      const entries = marked.map(({ name }) => ({
        ...author,
        address: '',
        action: 'archive.expire',
        objects: [name],
        outcome: 'success' as const,
        detail: whyExpired(expired.get(name)!, rule),
      }));
      if (entries.length > 0) await appendAudit(tx, ...entries);
      return marked;
    });
    for (const { name, path } of removed) {
      await removeArchiveFile(db, store.root, path).catch((error: unknown) => onLeft(error, path));
      gone.push(expired.get(name)!);
    }
  }
  const order = [...expired.keys()];
  return gone.toSorted((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
}

/** Why the rule lets an archive go, in words. */
export function whyExpired({ why }: Pick<ExpiredArchive, 'why'>, rule: RetentionRule): string {
  switch (why) {
    case 'age':
      return `older than ${rule.days} days`;
    case 'count':
      return `not among the newest ${rule.perProfile} of its profile`;
    case 'bytes':
      return `newer and protected archives take more than ${rule.bytes} bytes with it`;
  }
}
