/** `restore DIR`: a backup into an installation that has nothing yet. */
import { resolve } from 'node:path';
import {
  EmbeddedDatabaseError,
  findRunningEmbedded,
  openDatabase,
  removeEmbedded,
  requireKnown,
  startEmbedded,
} from '@osimage/database';
import { Problem } from '@osimage/errors';
import type { Settings } from '@osimage/settings';
import { audited } from './audited.ts';
import { openBackup } from './backup/open.ts';
import { checkParts, requireEmptyFolder, requireKeys, restore } from './backup/restore.ts';
import type { Command } from './command.ts';
import { runLong } from './long-work.ts';
import { sizeText } from './units.ts';

export const restoreBackup: Command = {
  words: 'restore',
  takes: ['DIR'],
  options: [],
  summary: 'put a backup into an empty DATA_DIR and an empty database',
  prepareAlone:
    async ({ args: [folder = ''] }) =>
    async (settings) => {
      const backup = await openBackup(resolve(folder));
      const { manifest, contents } = backup;
      requireKnown(contents.migrations);
      await requireEmptyFolder(settings);
      await requireKeys(backup, settings);
      const leftOut = await runLong(async (watch) => {
        await checkParts(backup, watch.signal);
        return await withNewDatabase(settings, async (url) => {
          const left = await restore(backup, settings, url, watch);
          const db = openDatabase(url, { name: 'osimage-admin', max: 1 });
          await audited(db, 'backup.restore', [manifest.madeAt], async () => {}).finally(() => db.close());
          return left;
        });
      });
      const { damaged } = contents;
      const lines = [
        ...damaged.map(({ path, damage }) => `DAMAGED when the backup was made: ${path}: ${damage}`),
        ...leftOut.map((table) => `The table ${table} is none of this product, and was left out.`),
        `The backup of ${manifest.madeAt} is restored (${sizeText(manifest.bytes)}). Start the services.`,
        'Jobs that had not ended run again.',
      ];
      const { madeAt, files, bytes } = manifest;
      return {
        json: { madeAt, files, bytes, damaged, leftOut },
        text: lines.join('\n'),
        alarming: damaged.length > 0,
      };
    },
};

/** The database DATABASE_URL names, or an embedded one, made when there is none and removed again when `work` fails. */
async function withNewDatabase<Result>(
  settings: Settings,
  work: (url: string) => Promise<Result>,
): Promise<Result> {
  const { DATABASE_URL, DATA_DIR } = settings;
  if (DATABASE_URL !== undefined) return await work(DATABASE_URL);
  const isNew = await requireStopped(DATA_DIR);
  const own = await startEmbedded({ dataDir: DATA_DIR });
  let done = false;
  try {
    const result = await work(own.url);
    done = true;
    return result;
  } finally {
    await own.stop();
    if (isNew && !done) await removeEmbedded(DATA_DIR);
  }
}

/** Whether there is no embedded database yet. Throws Problem restore_not_empty when one runs. */
async function requireStopped(dataDir: string): Promise<boolean> {
  let running: string | undefined;
  try {
    running = await findRunningEmbedded(dataDir);
  } catch (error) {
    if (error instanceof EmbeddedDatabaseError) return true;
    throw error;
  }
  if (running !== undefined)
    throw new Problem('restore_not_empty', { detail: 'services run on this DATA_DIR' });
  return false;
}
