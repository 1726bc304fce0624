/** What a backup takes from the database and a restore puts there. */
import type { Queryable } from '../pool.ts';

/** Left out: the migrations are applied again, and nobody stays signed in. */
const leftOut = ['migrations', 'sessions'];
/** Tables that have a row from their migration on. */
const seeded = ['installation', 'deploy_settings'];

export interface DumpTable {
  readonly name: string;
  readonly columns: readonly string[];
}

export interface DumpSequence {
  readonly name: string;
  /** Of the last number given out; null before the first. Text: it may be beyond 2^53. */
  readonly last: string | null;
}

/** All tables of the schema, in order of name, whatever migration made them. */
export async function listTables(db: Queryable): Promise<DumpTable[]> {
  const { rows } = await db.query<{ name: string; columns: string[] }>(
    `select c.relname::text as name, array_agg(a.attname::text order by a.attnum) as columns
     from pg_class c join pg_attribute a
       on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
     where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
       and c.relname <> all($1) group by c.oid order by c.relname collate "C"`,
    [leftOut],
  );
  return rows;
}

export async function listSequences(db: Queryable): Promise<DumpSequence[]> {
  const { rows } = await db.query<DumpSequence>(
    `select sequencename::text as name, last_value::text as last from pg_sequences
     where schemaname = current_schema() and sequencename <> 'migrations_id_seq' order by sequencename collate "C"`,
  );
  return rows;
}

/** Goes on after the last number that was given out. */
export async function setSequence(db: Queryable, { name, last }: DumpSequence): Promise<void> {
  if (last !== null) await db.query('select setval(quote_ident($1)::regclass, $2::bigint)', [name, last]);
}

/** Names of the migrations that are applied, in order; none where there is no schema yet. */
export async function appliedMigrations(db: Queryable): Promise<string[]> {
  const { rows: found } = await db.query<{ made: boolean }>(
    `select to_regclass(quote_ident(current_schema()) || '.migrations') is not null as made`,
  );
  if (!found[0]?.made) return [];
  const { rows } = await db.query<{ name: string }>('select name from migrations order by name');
  return rows.map(({ name }) => name);
}

/** Bytes the tables take on the disk of the database, indexes not counted: more than their dump has. */
export async function tableBytes(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ bytes: number }>(
    `select coalesce(sum(pg_table_size(oid)), 0)::bigint as bytes from pg_class
     where relnamespace = current_schema()::regnamespace and relkind in ('r', 'm')`,
  );
  return rows[0]!.bytes;
}

/**
 * All files that the rows need, for `copy … to`: blobs by their physical names with their segments, archives with
 * their SHA-256, both in hexadecimal, and uploads that are complete and wait to be imported.
 */
export const neededFiles = `
  select 'blob', physical_name, packed_size, encode(segments, 'hex') from blobs
  union all
  select 'archive', physical_path, size, encode(sha256, 'hex') from archives where deleted_at is null
  union all
  select 'upload', 'staging/' || id, (import->>'size')::bigint, '' from jobs
  where kind = 'import' and ended_at is null and lease_until is null and queue_id is not null and server_id is null`;

/** How many files that are, and their bytes. */
export async function sumNeededFiles(db: Queryable): Promise<{ count: number; bytes: number }> {
  const { rows } = await db.query<{ count: number; bytes: number }>(
    `select count(*)::int as count, coalesce(sum(size), 0)::bigint as bytes
     from (${neededFiles}) as f (kind, path, size, checks)`,
  );
  return rows[0]!;
}

/** A table in which somebody has put something, and would lose it; undefined when the database is as good as new. */
export async function findContent(db: Queryable): Promise<string | undefined> {
  for (const { name } of await listTables(db)) {
    if (seeded.includes(name)) continue;
    const { rowCount } = await db.query(`select from ${quoted(name)} limit 1`);
    if (rowCount) return name;
  }
  return undefined;
}

/** Empties what migrations have filled. */
export async function removeSeeds(db: Queryable): Promise<void> {
  for (const name of seeded) await db.query(`delete from ${quoted(name)}`);
}

/** Keeps everybody from the tables until the transaction ends. */
export async function lockTables(db: Queryable, tables: readonly DumpTable[]): Promise<void> {
  if (tables.length > 0) await db.query(`lock table ${tables.map(({ name }) => quoted(name)).join(', ')}`);
}

/**
 * Takes the foreign keys away and gives what puts them back. Rows then come in any order, also those that refer to each
 * other; putting a key back checks them all.
 */
export async function liftForeignKeys(db: Queryable): Promise<() => Promise<void>> {
  const { rows } = await db.query<{ table: string; name: string; definition: string }>(
    `select conrelid::regclass::text as table, conname::text as name, pg_get_constraintdef(oid) as definition
     from pg_constraint where contype = 'f' and conparentid = 0 and connamespace = current_schema()::regnamespace
     order by oid`,
  );
  for (const { table, name } of rows) await db.query(`alter table ${table} drop constraint ${quoted(name)}`);
  return async () => {
    for (const { table, name, definition } of rows)
      await db.query(`alter table ${table} add constraint ${quoted(name)} ${definition}`);
  };
}

/** Programs of ours that are connected to the database, this connection not counted. */
export async function listPrograms(db: Queryable): Promise<string[]> {
  const { rows } = await db.query<{ name: string }>(
    `select distinct application_name as name from pg_stat_activity
     where datname = current_database() and pid <> pg_backend_pid() 
       and (application_name in ('gateway', 'osimage') or application_name like 'osimage-%')
       -- One of ours that has just ended.
       and application_name <> 'osimage-migrate' order by 1`,
  );
  return rows.map(({ name }) => name);
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
