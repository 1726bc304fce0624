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
  /** OpenSSH form, "type base64"; empty until one is pinned. */
  host_keys: string[];
  revision: number;
  modified_by: string;
  modified_at: Date;
}

/** What callers set of a server; the rest is kept beside it. */
export type ServerValues = Omit<ServerRow, 'revision' | 'modified_by' | 'modified_at'>;

const columns =
  'id, display_name, address, port, protocol, username, password, default_path, host_keys, key_type, public_key, private_key, revision, modified_by, modified_at';

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
  by: string,
): Promise<ServerRow | undefined> {
  const { rows } = await tx.query<ServerRow>(
    `insert into servers (id, display_name, address, port, protocol, username, password, default_path, host_keys,
       key_type, public_key, private_key, created_by, modified_by)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13) on conflict (display_name) do nothing returning ${columns}`,
    [...valuesOf(server), by],
  );
  return rows[0];
}

/** Gives the row as it is then, or undefined when the display name is taken by another. Lock the row first. */
export async function updateServer(
  tx: Queryable,
  server: ServerValues,
  by: string,
): Promise<ServerRow | undefined> {
  const taken = await tx.query('select from servers where display_name = $2 and id <> $1', [
    server.id,
    server.display_name,
  ]);
  if (taken.rowCount !== 0) return undefined;
  const { rows } = await tx.query<ServerRow>(
    `update servers set display_name = $2, address = $3, port = $4, protocol = $5, username = $6, password = $7,
       default_path = $8, host_keys = $9, key_type = $10, public_key = $11, private_key = $12, modified_by = $13,
       modified_at = now(), revision = revision + 1
     where id = $1 returning ${columns}`,
    [...valuesOf(server), by],
  );
  return rows[0];
}

function valuesOf(server: ServerValues): unknown[] {
  return [
    server.id,
    server.display_name,
    server.address,
    server.port,
    server.protocol,
    server.username,
    server.password,
    server.default_path,
    server.host_keys,
    server.key_type,
    server.public_key,
    server.private_key,
  ];
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
 * Pins the host key seen at the first connection, unless one is pinned already. Gives what is pinned
 * afterwards. With the `revision` the caller connected with, a profile changed meanwhile, which may mean
 * another machine by now, gets no key of the former one.
 */
export async function pinHostKey(
  db: Queryable,
  id: string,
  key: string,
  revision?: number,
): Promise<readonly string[]> {
  await db.query(
    `update servers set host_keys = array[$2] where id = $1 and host_keys = '{}'
       and ($3::integer is null or revision = $3)`,
    [id, key, revision ?? null],
  );
  return (await findServer(db, id))?.host_keys ?? [];
}
