/** Finished archives: what can be downloaded, and what could be once. */
import type { Queryable } from '../pool.ts';

export interface ArchiveRow {
  /** The file name. */
  id: string;
  job_id: string | null;
  profile_id: string;
  /** Relative to the store's folder. */
  physical_path: string;
  size: number;
  sha256: string;
  created_at: Date;
  deleted_at: Date | null;
  deleted_reason: string | null;
  /** What was found to be wrong with its file. */
  damage: string | null;
  /** No retention rule removes it. */
  protected: boolean;
}

const columns = `id, job_id::text, profile_id, physical_path, size, encode(sha256, 'hex') as sha256, created_at,
  deleted_at, deleted_reason, damage, protected`;

/** Gives an archive by its file name, also one whose file is deleted. */
export async function findArchive(db: Queryable, name: string): Promise<ArchiveRow | undefined> {
  const { rows } = await db.query<ArchiveRow>(`select ${columns} from archives where id = $1`, [name]);
  return rows[0];
}

/** The checksums of an archive's chunks; null when none were kept. */
export async function findChunks(db: Queryable, name: string): Promise<Buffer | null> {
  const { rows } = await db.query<{ chunks: Buffer | null }>('select chunks from archives where id = $1', [
    name,
  ]);
  return rows[0]?.chunks ?? null;
}

/** Keeps checksums of the chunks of an archive that had none. */
export async function saveChunks(db: Queryable, name: string, chunks: Buffer): Promise<void> {
  await db.query('update archives set chunks = $2 where id = $1 and chunks is null', [name, chunks]);
}

/** Gives up to `limit` archives that can be downloaded, after `after` in order of name. */
export async function listArchives(db: Queryable, after: string, limit: number): Promise<ArchiveRow[]> {
  const { rows } = await db.query<ArchiveRow>(
    `select ${columns} from archives where deleted_at is null and id > $1 order by id limit $2`,
    [after, limit],
  );
  return rows;
}

/** Marks archives as deleted; gives where their files are. Their names stay taken. */
export async function markArchivesDeleted(
  tx: Queryable,
  names: readonly string[],
  reason: string,
): Promise<string[]> {
  const { rows } = await tx.query<{ physical_path: string }>(
    `update archives set deleted_at = now(), deleted_reason = $2 where id = any($1) and deleted_at is null
     returning physical_path`,
    [names, reason],
  );
  return rows.map((row) => row.physical_path);
}
