/** Rows of stored content: found, made known, locked, and deleted when nothing refers to them. */
import { systemCode } from '@osimage/errors';
import type { Queryable } from '../pool.ts';

export interface BlobRow {
  /** Lower-case hexadecimal. */
  sha256: string;
  physicalName: string;
  rawSize: number;
  packedSize: number;
  /** Encoded; see the blob store. */
  segments: Buffer;
  encoder: number;
}

const blobRow = `encode(b.sha256, 'hex') as sha256, b.physical_name as "physicalName", b.raw_size as "rawSize",
  b.packed_size as "packedSize", b.segments, b.encoder`;

/** All that a job has pinned. */
export async function findPinnedBlobs(db: Queryable, jobId: string): Promise<BlobRow[]> {
  const { rows } = await db.query<BlobRow>(
    `select ${blobRow} from job_blobs p join blobs b on b.sha256 = p.sha256 where p.job_id = $1`,
    [jobId],
    { prepared: true },
  );
  return rows;
}

/** Those with these digests, as far as they exist. */
export async function findBlobs(db: Queryable, sha256: readonly string[]): Promise<BlobRow[]> {
  const { rows } = await db.query<BlobRow>(
    `select ${blobRow}
     from blobs b where b.sha256 in (select distinct decode(hex, 'hex') from unnest($1::text[]) as hex)`,
    [sha256],
    { prepared: true },
  );
  return rows;
}

/** Whether the blob exists; its row then cannot be deleted before the transaction ends. */
export async function lockBlob(tx: Queryable, sha256: string): Promise<boolean> {
  const { rowCount } = await tx.query(`select from blobs where sha256 = decode($1, 'hex') for share`, [
    sha256,
  ]);
  return rowCount === 1;
}

/**
 * Makes a blob known, or locks the one that is there with the same content. Gives the physical name that
 * counts: the caller's file is superfluous when it is another. The update changes nothing; it takes the lock,
 * and of a column that is no key, or it would wait for every transaction that just made a reference.
 */
export async function insertBlob(tx: Queryable, blob: BlobRow): Promise<string> {
  const { rows } = await tx.query<{ physical_name: string }>(
    `insert into blobs (sha256, physical_name, raw_size, packed_size, segments, encoder)
     values (decode($1, 'hex'), $2, $3, $4, $5, $6)
     on conflict (sha256) do update set raw_size = blobs.raw_size returning physical_name`,
    [blob.sha256, blob.physicalName, blob.rawSize, blob.packedSize, blob.segments, blob.encoder],
  );
  return rows[0]!.physical_name;
}

/** Puts another file with the same content in the place of a blob's damaged one. Lock the row first. */
export async function replaceBlobFile(tx: Queryable, blob: BlobRow): Promise<void> {
  await tx.query(
    `update blobs set physical_name = $2, packed_size = $3, segments = $4, encoder = $5, damage = null
     where sha256 = decode($1, 'hex')`,
    [blob.sha256, blob.physicalName, blob.packedSize, blob.segments, blob.encoder],
  );
}

const unreferenced = `
  not exists (select from images x where x.sha256 = b.sha256)
  and not exists (select from files x where x.sha256 = b.sha256)
  and not exists (select from predefined_files x where x.sha256 = b.sha256)
  and not exists (select from job_blobs x where x.sha256 = b.sha256)`;

/** Digests of blobs nothing refers to now, older than `ageMs`. */
export async function findUnusedBlobs(db: Queryable, ageMs: number): Promise<string[]> {
  const { rows } = await db.query<{ sha256: string }>(
    `select encode(b.sha256, 'hex') as sha256 from blobs b
     where b.created_at <= now() - $1 * interval '1 ms' and ${unreferenced} order by b.created_at`,
    [ageMs],
  );
  return rows.map((row) => row.sha256);
}

/** How many blobs findUnusedBlobs would give, and the bytes of their files. */
export async function sumUnusedBlobs(
  db: Queryable,
  ageMs: number,
): Promise<{ count: number; bytes: number }> {
  const { rows } = await db.query<{ count: number; bytes: number }>(
    `select count(*)::int as count, coalesce(sum(b.packed_size), 0)::bigint as bytes from blobs b
     where b.created_at <= now() - $1 * interval '1 ms' and ${unreferenced}`,
    [ageMs],
  );
  return rows[0]!;
}

/**
 * Deletes the blob if nothing refers to it; undefined when it is used, locked by somebody who is about to use
 * it, or gone.
 */
export async function deleteUnusedBlob(
  tx: Queryable,
  sha256: string,
): Promise<{ physicalName: string; packedSize: number } | undefined> {
  const locked = await tx.query(`select from blobs where sha256 = decode($1, 'hex') for update skip locked`, [
    sha256,
  ]);
  if (locked.rowCount === 0) return undefined;
  // A statement of its own: it sees what was committed while the lock was waited for.
  await tx.query('savepoint unused');
  try {
    const { rows } = await tx.query<{ physicalName: string; packedSize: number }>(
      `delete from blobs b where b.sha256 = decode($1, 'hex') and ${unreferenced}
       returning physical_name as "physicalName", packed_size as "packedSize"`,
      [sha256],
    );
    return rows[0];
  } catch (error) {
    // A reference that came a moment ago: foreign_key_violation.
    if (systemCode(error) !== '23503') throw error;
    await tx.query('rollback to savepoint unused');
    return undefined;
  }
}

/** Of these names, those a row has. */
export async function findPhysicalNames(db: Queryable, names: readonly string[]): Promise<Set<string>> {
  const { rows } = await db.query<{ name: string }>(
    'select physical_name as name from blobs where physical_name = any($1)',
    [names],
  );
  return new Set(rows.map((row) => row.name));
}
