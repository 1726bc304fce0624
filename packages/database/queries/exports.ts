/** What an export packs, and the archive it becomes. */
import type { Queryable } from '../pool.ts';

export interface ProfileSource {
  id: string;
  kind: 'predefined' | 'custom';
  name: string;
  description: string;
  location: string;
  base_id: string | null;
  image_id: string;
  image_name: string;
  family: string;
  os: string;
  osrelease: string;
  arch: string;
  image_sha256: string;
  image_size: number;
}

export interface ProfileFile {
  kind: 'boot' | 'driver' | 'script' | 'software' | 'unattend' | 'config' | 'predefined-unattend';
  id: string;
  name: string;
  description: string;
  os: string;
  osrelease: string;
  version: string;
  type: string;
  size: number;
  sha256: string;
  /** Bytes its content takes in the store; null where it is missing there. */
  packedSize: number | null;
}

/**
 * Gives a profile with everything it carries, or undefined. Locks the profile against deletion until the
 * transaction ends, so that the snapshot is whole.
 */
export async function readProfile(
  tx: Queryable,
  id: string,
): Promise<{ profile: ProfileSource; files: ProfileFile[] } | undefined> {
  const [found, { rows: files }] = await Promise.all([readSource(tx, id), readFiles(tx, id)]);
  const profile = found.rows[0];
  return profile && { profile, files };
}

function readSource(tx: Queryable, id: string) {
  return tx.query<ProfileSource>(
    `select p.id, p.kind, p.name, p.description, p.location, p.base_id, i.id as image_id, i.name as image_name,
       i.family, i.os, i.osrelease, i.arch, encode(i.sha256, 'hex') as image_sha256, i.size as image_size
     from profiles p join images i on i.id = p.image_id where p.id = $1 for share of p`,
    [id],
    { prepared: true },
  );
}

function readFiles(tx: Queryable, id: string) {
  return tx.query<ProfileFile>(
    `select c.kind, c.id, c.name, c.description, c.os, c.osrelease, c.version, c.type, c.size,
       encode(c.sha256, 'hex') as sha256, b.packed_size as "packedSize"
     from (
       select u.position, f.kind, f.id, f.name, f.description, f.os, f.osrelease, f.version, f.type, f.size, f.sha256
       from profile_files u join files f on f.id = u.file_id where u.profile_id = $1
       union all
       select null, 'predefined-unattend', '', name, '', '', '', '', '', size, sha256
       from predefined_files where profile_id = $1
     ) as c left join blobs b on b.sha256 = c.sha256 order by c.position nulls last, c.name`,
    [id],
    { prepared: true },
  );
}

/** Whether `id` is a base image, to tell why it cannot be exported. */
export async function isImage(db: Queryable, id: string): Promise<boolean> {
  const { rowCount } = await db.query('select from images where id = $1', [id]);
  return rowCount === 1;
}

/** Keeps what the export packs and pins its content until the job ends. */
export async function saveSnapshot(
  tx: Queryable,
  jobId: string,
  metadata: string,
  sha256: readonly string[],
): Promise<void> {
  await tx.query(
    `with snapshot as (insert into export_snapshots (job_id, metadata) values ($1, $3))
     insert into job_blobs (job_id, sha256) select distinct $1::bigint, decode(hex, 'hex') from unnest($2::text[]) as hex`,
    [jobId, sha256, metadata],
    { prepared: true },
  );
}

/** Content of these digests cannot be collected before the job ends. */
export async function pinContent(tx: Queryable, jobId: string, sha256: readonly string[]): Promise<void> {
  await tx.query(
    `insert into job_blobs (job_id, sha256) select distinct $1::bigint, decode(hex, 'hex') from unnest($2::text[]) as hex
     on conflict do nothing`,
    [jobId, sha256],
  );
}

/** Gives the metadata.json of an export job, word for word. */
export async function readSnapshot(db: Queryable, jobId: string): Promise<string> {
  const { rows } = await db.query<{ metadata: string }>(
    'select metadata from export_snapshots where job_id = $1',
    [jobId],
    { prepared: true },
  );
  if (!rows[0]) throw new Error(`export job ${jobId} has no snapshot`);
  return rows[0].metadata;
}

export interface NewArchive {
  id: string;
  jobId: string;
  profileId: string;
  /** Relative to the store's folder. */
  physicalPath: string;
  size: number;
  sha256: string;
  /** Checksums of its chunks; without them it can only be checked whole. */
  chunks?: Buffer;
  createdBy: string;
}

/** Publishes an archive: from this row on it can be downloaded. */
export async function insertArchive(tx: Queryable, archive: NewArchive): Promise<void> {
  await tx.query(
    `insert into archives (id, job_id, profile_id, physical_path, size, sha256, created_by, chunks)
     values ($1, $2, $3, $4, $5, decode($6, 'hex'), $7, $8)`,
    [
      archive.id,
      archive.jobId,
      archive.profileId,
      archive.physicalPath,
      archive.size,
      archive.sha256,
      archive.createdBy,
      archive.chunks ?? null,
    ],
    { prepared: true },
  );
}

/** Whether the file at `physicalPath` is behind an archive. */
export async function isPublished(db: Queryable, physicalPath: string): Promise<boolean> {
  const { rowCount } = await db.query(
    'select from archives where physical_path = $1 and deleted_at is null',
    [physicalPath],
  );
  return rowCount === 1;
}
