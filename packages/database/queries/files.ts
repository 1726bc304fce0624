/** Imported files that profiles may carry: drivers, boot files, scripts, software, unattend, configuration. */
import type { StoredKind } from '@osimage/os-media';
import type { Queryable } from '../pool.ts';

export interface FileRow {
  id: string;
  kind: StoredKind;
  name: string;
  description: string;
  os: string;
  osrelease: string;
  version: string;
  type: string;
  size: number;
  /** Of a configuration file: the unattend file it goes with. */
  associated_id: string | null;
  revision: number;
  modified_by: string;
  modified_at: Date;
}

const columns = `id, kind, name, description, os, osrelease, version, type, size, associated_id, revision,
  coalesce(modified_by, created_by) as modified_by, coalesce(modified_at, created_at) as modified_at`;

/** Gives up to `limit` files of a kind whose ids come after `after`, in order of id. */
export async function listFiles(
  db: Queryable,
  kind: StoredKind,
  after: string,
  limit: number,
): Promise<FileRow[]> {
  const { rows } = await db.query<FileRow>(
    `select ${columns} from files where kind = $1 and id > $2 order by id limit $3`,
    [kind, after, limit],
  );
  return rows;
}

/** Gives those of the files that exist, in no order. */
export async function findFiles(db: Queryable, ids: readonly string[]): Promise<FileRow[]> {
  const { rows } = await db.query<FileRow>(`select ${columns} from files where id = any($1)`, [ids]);
  return rows;
}

export interface FileChange {
  description?: string;
  version?: string;
  /** Null: no unattend file any more. */
  associatedId?: string | null;
  content?: { readonly size: number; readonly sha256: string };
  user: string;
}

/**
 * Locks a file for a change, together with `associatedId`, which may not be deleted meanwhile. Its profiles are
 * locked as well: an export that is being accepted has pinned the former content before this returns, or it sees the
 * new one. Ids before profiles, in order: see deleteObjects.
 */
export async function lockFile(
  tx: Queryable,
  id: string,
  associatedId?: string | null,
): Promise<FileRow | undefined> {
  await tx.query(`select from object_ids where id = any($1) and kind = 'file' order by id for update`, [
    [id, ...(associatedId ? [associatedId] : [])],
  ]);
  await tx.query(
    `select from profiles where id in (select profile_id from profile_files where file_id = $1)
     order by id for update`,
    [id],
  );
  const { rows } = await tx.query<FileRow>(`select ${columns} from files where id = $1 for no key update`, [
    id,
  ]);
  return rows[0];
}

/** Changes a file that is locked, in every profile that carries it. What is absent stays. Gives the new row. */
export async function updateFile(tx: Queryable, id: string, change: FileChange): Promise<FileRow> {
  const { rows } = await tx.query<FileRow>(
    `update files set description = coalesce($2, description), version = coalesce($3, version),
       associated_id = case when $4 then $5 else associated_id end,
       size = coalesce($6, size), sha256 = coalesce(decode($7, 'hex'), sha256),
       revision = revision + 1, modified_by = $8, modified_at = now()
     where id = $1 returning ${columns}`,
    [
      id,
      change.description ?? null,
      change.version ?? null,
      change.associatedId !== undefined,
      change.associatedId ?? null,
      change.content?.size ?? null,
      change.content?.sha256 ?? null,
      change.user,
    ],
  );
  return rows[0]!;
}

/** The newest signature of a driver bundle that was imported as `name`, its case ignored. */
export async function findBundleSignature(
  db: Queryable,
  name: string,
): Promise<{ name: string; sha256: string } | undefined> {
  const { rows } = await db.query<{ name: string; sha256: string }>(
    `select name, encode(sha256, 'hex') as sha256 from files
     where kind = 'bundle' and type = 'BUNDLESIG' and lower(name) = lower($1) order by created_at desc, id desc limit 1`,
    [name],
  );
  return rows[0];
}
