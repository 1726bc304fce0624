/** Brings the schema to what this version needs. Safe to call from several services at once. */
import { join } from 'node:path';
import { runner } from 'node-pg-migrate';

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/**
 * Applies the numbered files under migrations/ that are not applied yet. An advisory lock makes a second
 * service wait and then find nothing to do. Gives the names of the migrations it applied.
 */
export async function migrate(url: string): Promise<string[]> {
  const applied = await runner({
    databaseUrl: url,
    dir: join(import.meta.dirname, 'migrations'),
    direction: 'up',
    migrationsTable: 'migrations',
    checkOrder: true,
    advisoryLockMode: 'wait',
    logger: quiet,
  });
  return applied.map((migration) => migration.name);
}
