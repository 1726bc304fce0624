/** A dump put into a database that has nothing of ours yet. */
import { Problem } from '@osimage/errors';
import pg from 'pg';
import { migrate, migrationNames } from '../migrate.ts';
import { connectionOf, type Queryable } from '../pool.ts';
import {
  appliedMigrations,
  type DumpSequence,
  type DumpTable,
  findContent,
  liftForeignKeys,
  listPrograms,
  listSequences,
  listTables,
  lockTables,
  removeSeeds,
  setSequence,
} from '../queries/backup.ts';
import { copyIn } from './copy.ts';
import { exactly } from './snapshot.ts';

export interface Dump {
  /** Names of the migrations its tables are at. */
  readonly migrations: readonly string[];
  readonly tables: readonly DumpTable[];
  readonly sequences: readonly DumpSequence[];
  /** The rows of a table, as Snapshot gave them. */
  rows(table: DumpTable): AsyncIterable<Buffer>;
}

/** Throws Problem backup_newer when this version does not know the migrations a dump is at. */
export function requireKnown(migrations: readonly string[]): void {
  const known = migrationNames();
  const other = migrations.find((name) => !known.includes(name));
  if (other !== undefined) throw new Problem('backup_newer', { migration: other });
}

/**
 * Throws Problem restore_not_empty when there is something in the database at `url`, when a service is connected to it, or
 * when its tables are not on the way to these migrations.
 */
export async function requireEmptyDatabase(url: string, migrations: readonly string[]): Promise<void> {
  const client = await connect(url);
  try {
    await requireEmpty(queryable(client), migrations);
  } finally {
    await client.end().catch(() => {});
  }
}

async function requireEmpty(db: Queryable, migrations: readonly string[]): Promise<void> {
  const programs = await listPrograms(db);
  if (programs.length > 0)
    throw new Problem('restore_not_empty', {
      detail: `${programs.join(' and ')} is connected to the database`,
    });
  const content = await findContent(db);
  if (content !== undefined)
    throw new Problem('restore_not_empty', { detail: `the database has rows already (${content})` });
  const applied = await appliedMigrations(db);
  if (applied.some((name) => !migrations.includes(name)))
    throw new Problem('restore_not_empty', { detail: 'the database has tables of another version' });
}

/**
 * Brings the schema to where the dump is, loads everything in one transaction with `last` before its commit, and then
 * brings the schema to this version. Gives the names of tables that are no part of the product and were left out.
 * Throws Problem backup_newer or restore_not_empty, whatever `last` or the rows throw; then nothing was loaded.
 */
export async function loadDump(url: string, dump: Dump, last: () => Promise<void>): Promise<string[]> {
  requireKnown(dump.migrations);
  const client = await connect(url);
  const db = queryable(client);
  try {
    await requireEmpty(db, dump.migrations);
    await migrate(url, dump.migrations);
    await client.query('begin');
    await client.query(exactly);
    const tables = await listTables(db);
    await lockTables(db, tables);
    // Again, now that nobody can be faster.
    await requireEmpty(db, dump.migrations);
    const putBack = await liftForeignKeys(db);
    await removeSeeds(db);
    const known = new Set(tables.map(({ name }) => name));
    for (const table of dump.tables) {
      if (known.has(table.name)) await copyIn(client, copyText(table), dump.rows(table));
    }
    const sequences = new Set((await listSequences(db)).map(({ name }) => name));
    for (const sequence of dump.sequences) if (sequences.has(sequence.name)) await setSequence(db, sequence);
    await putBack();
    await last();
    await client.query('commit');
    await migrate(url);
    await client.query('analyze');
    return dump.tables.map(({ name }) => name).filter((name) => !known.has(name));
  } finally {
    await client.end().catch(() => {});
  }
}

async function connect(url: string): Promise<pg.Client> {
  // Its name is not one of those that requireEmpty looks for.
  const client = new pg.Client(connectionOf(url, { name: 'restore' }));
  client.on('error', () => {});
  await client.connect();
  return client;
}

function queryable(client: pg.Client): Queryable {
  return { query: (text, values) => client.query(text, values as unknown[]) };
}

function copyText({ name, columns }: DumpTable): string {
  return `copy ${pg.escapeIdentifier(name)} (${columns.map((column) => pg.escapeIdentifier(column)).join(', ')}) from stdin`;
}
