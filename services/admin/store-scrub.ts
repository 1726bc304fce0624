/** `store scrub`: reads all that is stored and finds rot before somebody needs the content. */
import { join } from 'node:path';
import { findOrphans, openStore } from '@osimage/blob-store';
import { type Command, UsageError } from './command.ts';
import { runLong } from './long-work.ts';
import { scrub } from './scrub/pass.ts';
import { damageReport, damageText } from './scrub/report.ts';
import { sizeText } from './units.ts';

const defaultRate = '50';
const orphanAgeMs = 60 * 60_000;

export const storeScrub: Command = {
  words: 'store scrub',
  takes: [],
  options: ['rate', 'deep', 'restart'],
  summary: 'check everything stored, from where the last scrub stopped',
  async prepare(given) {
    const bytesPerSecond = parseRate(given.rate ?? defaultRate);
    const [deep, restart] = [given.deep === true, given.restart === true];
    return async (db, settings) => {
      const store = await openStore(join(settings.DATA_DIR, 'store'));
      const options = { deep, restart, bytesPerSecond };
      const { complete, pass } = await runLong((watch) => scrub(db, store, { ...options, ...watch }));
      const damaged = await damageReport(db);
      const orphans = (await findOrphans(db, store, { olderThanMs: orphanAgeMs })).length;
      const { blobs, archives, bytes, startedAt } = pass;
      const checked = `${blobs} contents and ${archives} archives (${sizeText(bytes)})`;
      const lines = [
        ...damageText(damaged),
        `Checked ${checked}${deep ? ', deep' : ''} since ${startedAt.toISOString()}.`,
        ...(complete ? [] : ['It was stopped; call it again and it goes on from there.']),
        ...(orphans > 0 ? [`${orphans} files are known to no row; \`store gc\` removes them.`] : []),
      ];
      const alarming = damaged.content.length + damaged.archives.length > 0;
      if (!alarming) lines.push(complete ? 'Nothing is damaged.' : 'Nothing is damaged so far.');
      const result = { complete, deep, startedAt, contents: blobs, archives, bytes, orphans, damaged };
      return { json: result, text: lines.join('\n'), alarming };
    };
  },
};

/** Bytes a second of a number of megabytes. */
function parseRate(text: string): number {
  if (!/^\d{1,6}(\.\d+)?$/.test(text))
    throw new UsageError(`--rate is a number of megabytes a second, not ${text}`);
  return Number(text) * 1_000_000;
}
