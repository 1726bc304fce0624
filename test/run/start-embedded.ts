/**
 * Not a test: a program that starts the embedded database of the folder it is given, says {url, keeperPid,
 * version} as one line of JSON, and lives until its standard input ends.
 */
import { openDatabase, startEmbedded } from '@osimage/database';

const [dataDir = '', temporary] = process.argv.slice(2);
try {
  const embedded = await startEmbedded({ dataDir, durable: false, temporary: temporary === 'temporary' });
  const db = openDatabase(embedded.url, { max: 1 });
  const { rows } = await db.query<{ version: string; collation: string }>(
    `select current_setting('server_version') as version, datlocale as collation
     from pg_database where datname = current_database()`,
  );
  await db.close();
  console.log(JSON.stringify({ url: embedded.url, keeperPid: embedded.keeperPid, ...rows[0] }));
  for await (const _ of process.stdin);
  await embedded.stop();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
