/** The embedded database of a DATA_DIR for a command that comes by, whether services run or not. */
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { holderOf } from './lock.ts';
import { preparePlace } from './place.ts';
import { EmbeddedDatabaseError } from './problem.ts';
import { urlOf } from './server.ts';

/**
 * Gives the URL of the embedded database that another process keeps running on `dataDir`; undefined when nobody
 * does. Throws EmbeddedDatabaseError when there has never been one: a command must not make a second, empty one
 * because of a wrong DATA_DIR.
 */
export async function findRunningEmbedded(dataDir: string): Promise<string | undefined> {
  const folder = await realpath(dataDir).catch(() => undefined);
  const made = folder && (await realpath(join(folder, 'postgres', 'cluster')).catch(() => undefined));
  if (folder === undefined || made === undefined)
    throw new EmbeddedDatabaseError(
      `there is no database in ${dataDir}; start the services once, or set DATA_DIR or DATABASE_URL`,
    );
  return (await holderOf(folder)) === 'running' ? urlOf(await preparePlace(folder)) : undefined;
}
