/** One moment of the whole database, read table by table while everybody else goes on. */
import pg from 'pg';
import { connectionOf, type Queryable } from '../pool.ts';
import { type DumpTable, neededFiles } from '../queries/backup.ts';
import { copyOut } from './copy.ts';

export interface Snapshot {
  /** Sees this moment and no later one. */
  readonly db: Queryable;
  /** The rows of a table as PostgreSQL's COPY writes them. */
  rows(table: DumpTable): AsyncGenerator<Buffer, void, void>;
  /** The files all rows of this moment need, a line each: see neededFiles. */
  files(): AsyncGenerator<Buffer, void, void>;
  /** Ends the connection, also in the middle of a table. */
  close(): Promise<void>;
}

/** How values are written, whatever the server's settings are. */
export const exactly = `set local timezone = 'UTC'; set local datestyle = 'ISO, YMD'; set local intervalstyle = 'postgres';
  set local bytea_output = 'hex'; set local extra_float_digits = 1; set local client_encoding = 'UTF8';
  set local idle_in_transaction_session_timeout = 0; set local statement_timeout = 0`;

/**
 * Opens a snapshot on a connection of its own. What was committed before this returns is in it: locks that must come first
 * are the caller's, on another connection. When `signal` aborts, the connection ends, whatever it waits for.
 */
export async function openSnapshot(url: string, signal: AbortSignal): Promise<Snapshot> {
  signal.throwIfAborted();
  const client = new pg.Client(connectionOf(url, { name: 'osimage-backup' }));
  // Told by the query under way, or by the next one.
  client.on('error', () => {});
  const end = () => void client.end().catch(() => {});
  signal.addEventListener('abort', end, { once: true });
  const close = async () => {
    signal.removeEventListener('abort', end);
    await client.end().catch(() => {});
  };
  const db: Queryable = { query: (text, values) => client.query(text, values as unknown[]) };
  try {
    await client.connect();
    await client.query('begin isolation level repeatable read read only');
    await client.query(exactly);
    // The first statement that reads decides which moment it is.
    await client.query('select from pg_class limit 1');
  } catch (error) {
    await close();
    throw error;
  }
  return {
    db,
    rows: ({ name, columns }) =>
      copyOut(client, `copy (select ${columns.map(quoted).join(', ')} from ${quoted(name)}) to stdout`),
    files: () => copyOut(client, `copy (${neededFiles}) to stdout`),
    close,
  };
}

const quoted = (name: string): string => pg.escapeIdentifier(name);
