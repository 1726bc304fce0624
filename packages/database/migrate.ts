/** Brings the schema to what this version needs. Safe to call from several services at once. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { runner } from 'node-pg-migrate';
import pg from 'pg';

const folder = join(import.meta.dirname, 'migrations');
/** One that takes the connection and says nothing is away, too. */
const connectWithinMs = 10_000;
const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/**
 * Applies the numbered files under migrations/ that are not applied yet. An advisory lock makes a second
 * service wait and then find nothing to do. With `only` it applies the named ones of them. Gives the names of the migrations
 * it applied.
 */
export async function migrate(url: string, only?: readonly string[]): Promise<string[]> {
  // A connection of our own: one that is lost while no query runs must not end the process, and it is
  // really closed when this returns.
  const client = new pg.Client({
    connectionString: url,
    application_name: 'osimage-migrate',
    connectionTimeoutMillis: connectWithinMs,
  });
  client.on('error', () => {});
  await client.connect();
  try {
    const applied = await runner({
      dbClient: client,
      dir: folder,
      direction: 'up',
      migrationsTable: 'migrations',
      // Versions bring migrations that were written side by side: one may come later than one with a higher number.
      checkOrder: false,
      advisoryLockMode: 'wait',
      logger: quiet,
      ...(only && { ignorePattern: allBut(only) }),
    });
    return applied.map((migration) => migration.name);
  } finally {
    await client.end().catch(() => {});
  }
}

/** Names of all migrations of this version. */
export function migrationNames(): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.sql'))
    .map((file) => file.slice(0, -'.sql'.length))
    .sort();
}

/** A regular expression of the files that are to be left alone, hidden ones included. */
function allBut(only: readonly string[]): string {
  const others = migrationNames().filter((name) => !only.includes(name));
  return `(?:\\..*|${others.map((name) => `${name}\\.sql`).join('|')})`;
}
