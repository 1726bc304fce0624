/** Imported files that profiles may carry: drivers, boot files, scripts, software, unattend, configuration. */
import type { FileKind } from '@osimage/os-media';
import type { Queryable } from '../pool.ts';

export interface FileRow {
  id: string;
  kind: FileKind;
  name: string;
  description: string;
  os: string;
  osrelease: string;
  version: string;
  type: string;
  size: number;
}

const columns = 'id, kind, name, description, os, osrelease, version, type, size';

/** Gives up to `limit` files of a kind whose ids come after `after`, in order of id. */
export async function listFiles(
  db: Queryable,
  kind: FileKind,
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
