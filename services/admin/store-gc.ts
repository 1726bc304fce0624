/** `store gc`: removes what nothing refers to, as packagers do by themselves, now and whatever its age. */
import { join } from 'node:path';
import { type Cleaned, cleanStore, findGarbage, openStore } from '@osimage/blob-store';
import { audited } from './audited.ts';
import type { Command } from './command.ts';
import { parseTime, sizeText } from './units.ts';

export const storeGc: Command = {
  words: 'store gc',
  takes: [],
  options: ['dry-run', 'older-than'],
  summary: 'remove what nothing refers to (with --dry-run only say what)',
  async prepare(given) {
    const olderThanMs = parseTime(given['older-than'] ?? '1h');
    const dryRun = given['dry-run'] === true;
    return async (db, settings) => {
      const store = await openStore(join(settings.DATA_DIR, 'store'));
      const options = { olderThanMs };
      const found = dryRun
        ? await findGarbage(db, store, options)
        : await audited(db, 'store.clean', [], () => cleanStore(db, store, options));
      return { json: { dryRun, ...found, bytes: bytesIn(found) }, text: describe(found, dryRun) };
    };
  },
};

/** All bytes together. */
export function bytesIn({ unused, orphans, leftovers }: Cleaned): number {
  return unused.bytes + orphans.bytes + leftovers.bytes;
}

function describe(found: Cleaned, dryRun: boolean): string {
  const { unused, orphans, leftovers } = found;
  return [
    `unused content          ${unused.count} (${sizeText(unused.bytes)})`,
    `files no row knows      ${orphans.count} (${sizeText(orphans.bytes)})`,
    `leftovers of ended jobs ${leftovers.count} (${sizeText(leftovers.bytes)})`,
    `${sizeText(bytesIn(found))} ${dryRun ? 'would be freed' : 'freed'}.`,
  ].join('\n');
}
