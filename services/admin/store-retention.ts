/** `store retention`: removes the archives the retention rule lets go, or says which they are (docs/store.md). */
import { join } from 'node:path';
import { applyRetention, openStore, storeLimits, whyExpired } from '@osimage/blob-store';
import { type ExpiredArchive, findExpired, type RetentionRule } from '@osimage/database';
import { systemUser } from './audited.ts';
import type { Command, Outcome } from './command.ts';
import { sizeText } from './units.ts';

export const storeRetention: Command = {
  words: 'store retention',
  takes: [],
  options: ['dry-run'],
  summary: 'remove the archives that RETAIN_ARCHIVES_* lets go; --dry-run only lists them',
  prepare: async (given) => async (db, settings) => {
    const store = await openStore(join(settings.DATA_DIR, 'store'), storeLimits(settings));
    const rule = store.limits?.retention ?? {};
    if (given['dry-run']) return outcome(await findExpired(db, rule), rule, true, []);
    const left: string[] = [];
    const author = { source: 'command line', user: systemUser() } as const;
    const gone = await applyRetention(db, store, author, (_error, path) => left.push(path));
    return outcome(gone, rule, false, left);
  },
};

function outcome(
  expired: readonly ExpiredArchive[],
  rule: RetentionRule,
  dryRun: boolean,
  left: readonly string[],
): Outcome {
  const archives = expired.map((archive) => ({
    ...archive,
    created: archive.created.toISOString(),
    detail: whyExpired(archive, rule),
  }));
  const bytes = archives.reduce((sum, { size }) => sum + size, 0);
  const lines = archives.map(
    ({ name, size, created, detail }) => `${name}  ${sizeText(size)}  ${created.slice(0, 10)}  ${detail}`,
  );
  const verb = dryRun ? 'would go' : 'removed';
  const none = Object.keys(rule).length === 0 ? ' No RETAIN_ARCHIVES_* is set: archives are kept.' : '';
  const files = left.map((path) => `could not remove ${path}; its archive is gone all the same`);
  return {
    json: { dryRun, rule, archives, bytes, filesLeft: left },
    text: [...lines, `${archives.length} archives, ${sizeText(bytes)}, ${verb}.${none}`, ...files].join('\n'),
  };
}
