/** What the import of an archive asks and writes: a profile that keeps its ids, with the files it carries. */
import { systemCode } from '@osimage/errors';
import type { Queryable } from '../pool.ts';
import { takeId } from './imports.ts';

/** A file of the library with the ids and words an archive gives it. */
export interface ImportedFile {
  readonly kind: string;
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly os: string;
  readonly osrelease: string;
  readonly version: string;
  readonly type: string;
  readonly size: number;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
}

export interface PredefinedFile {
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
}

/** A customized profile as it stands in an archive, or here. */
export interface ImportedProfile {
  readonly id: string;
  readonly imageId: string;
  readonly baseId: string | null;
  readonly name: string;
  readonly description: string;
  readonly location: string;
  /** In the order of its options. */
  readonly files: readonly ImportedFile[];
  readonly predefined: readonly PredefinedFile[];
}

/** The base image of this id, as far as an archive must fit it. */
export async function findBaseImage(
  db: Queryable,
  id: string,
): Promise<{ family: string; arch: string; sha256: string } | undefined> {
  const { rows } = await db.query<{ family: string; arch: string; sha256: string }>(
    `select family, arch, encode(sha256, 'hex') as sha256 from images where id = $1`,
    [id],
  );
  return rows[0];
}

/**
 * Gives what those of the ids name that are taken, and keeps it from being deleted until the transaction ends; with
 * `change` also from being used by anybody new. Locks in the order deleteObjects does.
 */
export async function lockObjects(
  tx: Queryable,
  ids: readonly string[],
  change: boolean,
): Promise<Map<string, string>> {
  const { rows } = await tx.query<{ id: string; kind: string }>(
    `select id, kind from object_ids where id = any($1) order by id for ${change ? 'update' : 'key share'}`,
    [ids],
  );
  return new Map(rows.map((row) => [row.id, row.kind]));
}

/** Gives those of the files that exist. */
export async function findImportedFiles(
  db: Queryable,
  ids: readonly string[],
): Promise<Map<string, ImportedFile>> {
  const { rows } = await db.query<ImportedFile>(
    `select kind, id, name, description, os, osrelease, version, type, size, encode(sha256, 'hex') as sha256
     from files where id = any($1)`,
    [ids],
  );
  return new Map(rows.map((row) => [row.id, row]));
}

/** Gives the profile with all it carries, and its kind; undefined when there is none. */
export async function findImportedProfile(
  db: Queryable,
  id: string,
): Promise<(ImportedProfile & { kind: 'predefined' | 'custom' }) | undefined> {
  const { rows } = await db.query<ImportedProfile & { kind: 'predefined' | 'custom' }>(
    `select id, kind, image_id as "imageId", base_id as "baseId", name, description, location
     from profiles where id = $1`,
    [id],
  );
  const profile = rows[0];
  if (!profile) return undefined;
  const files = await db.query<ImportedFile>(
    `select f.kind, f.id, f.name, f.description, f.os, f.osrelease, f.version, f.type, f.size,
       encode(f.sha256, 'hex') as sha256
     from profile_files u join files f on f.id = u.file_id where u.profile_id = $1 order by u.position`,
    [id],
  );
  const predefined = await db.query<PredefinedFile>(
    `select name, size, encode(sha256, 'hex') as sha256 from predefined_files where profile_id = $1`,
    [id],
  );
  return { ...profile, files: files.rows, predefined: predefined.rows };
}

/** Id of the profile of an image that has this name. */
export async function profileNamed(
  db: Queryable,
  imageId: string,
  name: string,
): Promise<string | undefined> {
  const { rows } = await db.query<{ id: string }>(
    'select id from profiles where image_id = $1 and name = $2',
    [imageId, name],
  );
  return rows[0]?.id;
}

/** The profiles, but for one, that carry any of these files; at most six pairs. */
export async function otherUsers(
  db: Queryable,
  fileIds: readonly string[],
  exceptProfile: string,
): Promise<{ fileId: string; profileId: string }[]> {
  const { rows } = await db.query<{ fileId: string; profileId: string }>(
    `select file_id as "fileId", profile_id as "profileId" from profile_files
     where file_id = any($1) and profile_id <> $2 order by file_id, profile_id limit 6`,
    [fileIds, exceptProfile],
  );
  return rows;
}

/** What is to be written for a profile that comes in. */
export interface ImportedRows {
  /** With the ids and the name it will have. */
  readonly profile: ImportedProfile;
  /** Files that are not here yet. */
  readonly newFiles: readonly ImportedFile[];
  /** Files that take the place of others under their ids. */
  readonly changedFiles: readonly ImportedFile[];
  /** A profile of this id is here, and becomes this one. */
  readonly replace: boolean;
  readonly user: string;
}

/** Writes them. False when somebody took an id or the name meanwhile: the caller rolls back and looks again. */
export async function writeImportedProfile(tx: Queryable, rows: ImportedRows): Promise<boolean> {
  const { profile, user } = rows;
  // In one order, so that two imports cannot wait for each other.
  for (const { id } of rows.newFiles.toSorted((a, b) => (a.id < b.id ? -1 : 1)))
    if (!(await takeId(tx, id, 'file'))) return false;
  if (!rows.replace && !(await takeId(tx, profile.id, 'profile'))) return false;
  for (const file of rows.newFiles) await insertImportedFile(tx, file, user);
  for (const file of rows.changedFiles) await changeFile(tx, file, user);
  try {
    await writeProfile(tx, profile, rows.replace, user);
  } catch (error) {
    if (systemCode(error) === '23505') return false;
    throw error;
  }
  await tx.query('delete from profile_files where profile_id = $1', [profile.id]);
  await tx.query('delete from predefined_files where profile_id = $1', [profile.id]);
  await tx.query(
    `insert into profile_files (profile_id, file_id, position)
     select $1, file_id, position from unnest($2::text[]) with ordinality as given (file_id, position)`,
    [profile.id, profile.files.map((file) => file.id)],
  );
  for (const { name, size, sha256 } of profile.predefined) {
    await tx.query(
      `insert into predefined_files (profile_id, name, size, sha256) values ($1, $2, $3, decode($4, 'hex'))`,
      [profile.id, name, size, sha256],
    );
  }
  return true;
}

async function insertImportedFile(tx: Queryable, file: ImportedFile, user: string): Promise<void> {
  const { id, kind, name, description, os, osrelease, version, type, size, sha256 } = file;
  await tx.query(
    `insert into files (id, kind, name, description, os, osrelease, version, type, size, sha256, created_by)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, decode($10, 'hex'), $11)`,
    [id, kind, name, description, os, osrelease, version, type, size, sha256, user],
  );
}

async function changeFile(tx: Queryable, file: ImportedFile, user: string): Promise<void> {
  const { id, kind, name, description, os, osrelease, version, type, size, sha256 } = file;
  await tx.query(
    `update files set kind = $2, name = $3, description = $4, os = $5, osrelease = $6, version = $7, type = $8,
       size = $9, sha256 = decode($10, 'hex'), revision = revision + 1, modified_by = $11, modified_at = now()
     where id = $1`,
    [id, kind, name, description, os, osrelease, version, type, size, sha256, user],
  );
}

async function writeProfile(
  tx: Queryable,
  profile: ImportedProfile,
  replace: boolean,
  user: string,
): Promise<void> {
  const { id, imageId, baseId, name, description, location } = profile;
  const values = [id, imageId, baseId, name, description, location, user];
  // A base profile that is not here (any more) leaves the profile whole: it holds all it needs.
  const base = `(select id from profiles where id = $3 and image_id = $2 and kind = 'predefined')`;
  if (replace) {
    await tx.query(
      `update profiles set base_id = ${base}, name = $4, description = $5, location = $6, revision = revision + 1,
         modified_by = $7, modified_at = now() where id = $1`,
      values,
    );
    return;
  }
  await tx.query(
    `insert into profiles (id, image_id, base_id, kind, name, description, location, created_by, modified_by)
     values ($1, $2, ${base}, 'custom', $4, $5, $6, $7, $7)`,
    values,
  );
}

/** As pinContent, unless the attempt has lost its job or the job has ended: then false. */
export async function pinForAttempt(
  tx: Queryable,
  jobId: string,
  attempt: number,
  sha256: string,
): Promise<boolean> {
  // The lock makes whoever ends the job wait, so that no pin outlives it.
  const held = await tx.query(
    'select from jobs where id = $1 and attempt = $2 and ended_at is null for share',
    [jobId, attempt],
  );
  if (held.rowCount !== 1) return false;
  await tx.query(
    `insert into job_blobs (job_id, sha256) values ($1, decode($2, 'hex')) on conflict do nothing`,
    [jobId, sha256],
  );
  return true;
}
