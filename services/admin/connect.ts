/** The database for one command: the one DATABASE_URL names, or the embedded one of DATA_DIR. */
import { setTimeout as pause } from 'node:timers/promises';
import { type Database, findRunningEmbedded, migrate, openDatabase, startEmbedded } from '@osimage/database';
import { isDatabaseAway } from '@osimage/errors';
import type { Settings } from '@osimage/settings';

/** A database that starts at this moment is waited for. */
const waitMs = 10_000;
const retryMs = 250;

/**
 * Runs `work` on the database and closes it. An embedded one that runs already is shared; one that does not is
 * started for this command alone. Throws when there is none.
 */
export async function withDatabase<Result>(
  settings: Settings,
  work: (db: Database) => Promise<Result>,
): Promise<Result> {
  const running = settings.DATABASE_URL ?? (await findRunningEmbedded(settings.DATA_DIR));
  const own = running === undefined ? await startEmbedded({ dataDir: settings.DATA_DIR }) : undefined;
  try {
    const url = running ?? own?.url ?? '';
    await migrateOnceUp(url);
    const db = openDatabase(url, { name: 'osimage-admin', max: 4 });
    try {
      return await work(db);
    } finally {
      await db.close();
    }
  } finally {
    await own?.stop();
  }
}

async function migrateOnceUp(url: string): Promise<void> {
  for (const end = Date.now() + waitMs; ; ) {
    try {
      await migrate(url);
      return;
    } catch (error) {
      if (!isDatabaseAway(error) || Date.now() > end) throw error;
      await pause(retryMs);
    }
  }
}
