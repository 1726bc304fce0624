/** Remote file servers that archives go to and files come from. Passwords and private keys pass through sealed (packages/secrets). */
import type { Queryable } from '../pool.ts';

export const protocols = ['HTTP', 'HTTPS', 'FTP', 'FTPS', 'SFTP'] as const;
export type Protocol = (typeof protocols)[number];

export interface ServerRow {
  id: string;
  display_name: string;
  address: string;
  port: number;
  protocol: Protocol;
  username: string;
  /** Sealed for the place `server/<id>/password`; null when the server needs none. */
  password: string | null;
  default_path: string;
  /** Of the key pair made for it; empty when there is none. */
  key_type: '' | 'RSA-2048' | 'RSA-4096' | 'ECDSA-521-secp521r1';
  /** OpenSSH form, "type base64 comment". */
  public_key: string;
  /** PEM, sealed for the place `server/<id>/private_key`. */
  private_key: string | null;
  /** A pair that waits beside that one until it has been seen to sign in; sealed for the same place. */
  pending_key_type: ServerRow['key_type'];
  pending_public_key: string;
  pending_private_key: string | null;
  /** OpenSSH form, "type base64", revoked ones with "@revoked " before; empty until one is pinned. */
  host_keys: string[];
  /** Of one transfer at most; null: as many as the link needs. */
  connections: number | null;
  /** Of one transfer; null: no limit. */
  bytes_per_second: number | null;
  /** How an upload is compared afterwards. */
  verify: 'size' | 'sample' | 'full';
  /** Names of old SSH algorithms it may use besides the modern ones. */
  old_algorithms: string[];
  /** HTTP; with bearer the password is the token. */
  authentication: 'basic' | 'bearer';
  /** Exports to it that may run at once; null: no limit of its own. */
  parallel_exports: number | null;
  revision: number;
  modified_by: string;
  modified_at: Date;
}

/** What callers set of a server; the rest is kept beside it. */
export type ServerValues = Omit<ServerRow, 'revision' | 'modified_by' | 'modified_at'>;

/** In the order of the parameters; `id` is the first. */
const settable = [
  'id',
  'display_name',
  'address',
  'port',
  'protocol',
  'username',
  'password',
  'default_path',
  'host_keys',
  'key_type',
  'public_key',
  'private_key',
  'pending_key_type',
  'pending_public_key',
  'pending_private_key',
  'connections',
  'bytes_per_second',
  'verify',
  'old_algorithms',
  'authentication',
  'parallel_exports',
] as const satisfies readonly (keyof ServerValues)[];
/** The parameter after them: who. */
const by = `$${settable.length + 1}`;
const columns = [...settable, 'revision', 'modified_by', 'modified_at'].join(', ');

/** In the order they were made: ids are decimal numbers. */
export async function listServers(db: Queryable): Promise<ServerRow[]> {
  const { rows } = await db.query<ServerRow>(`select ${columns} from servers order by length(id), id`);
  return rows;
}

export async function findServer(db: Queryable, id: string): Promise<ServerRow | undefined> {
  const { rows } = await db.query<ServerRow>(`select ${columns} from servers where id = $1`, [id]);
  return rows[0];
}

/** As findServer; nobody else can change the row until the transaction ends. */
export async function lockServer(tx: Queryable, id: string): Promise<ServerRow | undefined> {
  const { rows } = await tx.query<ServerRow>(`select ${columns} from servers where id = $1 for update`, [id]);
  return rows[0];
}

/** An id for a new server. */
export async function nextServerId(db: Queryable): Promise<string> {
  const { rows } = await db.query<{ id: string }>(`select nextval('server_ids')::text as id`);
  return rows[0]!.id;
}

/** Gives the new row, or undefined when the display name is taken. */
export async function insertServer(
  tx: Queryable,
  server: ServerValues,
  user: string,
): Promise<ServerRow | undefined> {
  const { rows } = await tx.query<ServerRow>(
    `insert into servers (${settable.join(', ')}, created_by, modified_by)
     values (${settable.map((_, at) => `$${at + 1}`).join(', ')}, ${by}, ${by})
     on conflict (display_name) do nothing returning ${columns}`,
    [...valuesOf(server), user],
  );
  return rows[0];
}

/** Gives the row as it is then, or undefined when the display name is taken by another. Lock the row first. */
export async function updateServer(
  tx: Queryable,
  server: ServerValues,
  user: string,
): Promise<ServerRow | undefined> {
  const taken = await tx.query('select from servers where display_name = $2 and id <> $1', [
    server.id,
    server.display_name,
  ]);
  if (taken.rowCount !== 0) return undefined;
  const changes = settable.slice(1).map((column, at) => `${column} = $${at + 2}`);
  const { rows } = await tx.query<ServerRow>(
    `update servers set ${changes.join(', ')}, modified_by = ${by}, modified_at = now(), revision = revision + 1
     where id = $1 returning ${columns}`,
    [...valuesOf(server), user],
  );
  return rows[0];
}

function valuesOf(server: ServerValues): unknown[] {
  return settable.map((column) => server[column]);
}

export async function deleteServer(tx: Queryable, id: string): Promise<void> {
  await tx.query('delete from servers where id = $1', [id]);
}

/** Jobs that still want to deliver there or fetch from there. */
export async function unfinishedJobsOf(db: Queryable, serverId: string): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    'select id::text from jobs where server_id = $1 and ended_at is null order by jobs.id limit 10',
    [serverId],
  );
  return rows.map((row) => row.id);
}

/**
 * Pins the host key seen at the first connection, unless one is pinned already; revoked ones do not count. Gives
 * what is pinned afterwards, and whether this call did it. With the `revision` the caller connected with, a profile
 * changed meanwhile, which may mean another machine by now, gets no key of the former one.
 */
export async function pinHostKey(
  db: Queryable,
  id: string,
  key: string,
  revision?: number,
): Promise<{ hostKeys: readonly string[]; pinned: boolean }> {
  const { rowCount } = await db.query(
    `update servers set host_keys = host_keys || $2::text where id = $1
       and not exists (select from unnest(host_keys) pin where pin not like '@revoked %')
       and ($3::integer is null or revision = $3)`,
    [id, key, revision ?? null],
  );
  return { hostKeys: (await findServer(db, id))?.host_keys ?? [], pinned: rowCount === 1 };
}

/**
 * Puts the pending key pair in the place of the present one, if it is still the one with this public key and
 * the profile has not changed since that `revision`. Whether it did.
 */
export async function promotePendingKey(
  db: Queryable,
  id: string,
  publicKey: string,
  user: string,
  revision: number,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `update servers set key_type = pending_key_type, public_key = pending_public_key, private_key = pending_private_key,
       pending_key_type = '', pending_public_key = '', pending_private_key = null,
       modified_by = $3, modified_at = now(), revision = revision + 1
     where id = $1 and pending_key_type <> '' and pending_public_key = $2 and revision = $4`,
    [id, publicKey, user, revision],
  );
  return rowCount === 1;
}
