/** Customized profiles (contract, section 6.1). */
import { notFound, Problem, systemCode } from '@osimage/errors';
import {
  customProfileId,
  type FileKind,
  familyOf,
  fileOptions,
  locationOption,
  supportedOptions,
} from '@osimage/os-media';
import type { Queryable } from '../pool.ts';
import { findFiles } from './files.ts';
import { takeFreeId } from './imports.ts';

export interface NewCustomProfile {
  /** The predefined profile to start from. */
  baseId: string;
  /** Checked by the caller: 1 to 200 characters, none of them a control character. */
  name: string;
  description: string;
  /** Folder on the target for data and software; empty: the default. */
  location: string;
  /** Ids of the files it carries, in their order. An id that occurs twice counts once. */
  files: Partial<Record<FileKind, readonly string[]>>;
  user: string;
}

interface BaseProfile {
  id: string;
  kind: 'predefined' | 'custom';
  image_id: string;
  family: string;
  arch: string;
}

/**
 * Makes a customized profile from a predefined one, whose unattend files it takes over, and gives its id.
 * Call it in a transaction. Throws Problem not_found (base or file), invalid_request (not a predefined
 * profile; a file of another kind or operating system), option_not_supported or conflict (name taken).
 */
export async function createCustomProfile(tx: Queryable, profile: NewCustomProfile): Promise<string> {
  const fileIds = [...new Set(fileOptions.flatMap(({ kind }) => profile.files[kind] ?? []))];
  const base = await lockBase(tx, profile.baseId, fileIds);
  refuseUnfitLocation(base, profile.location);
  await refuseUnfitFiles(tx, base, profile.files);
  await refuseTakenName(tx, base.image_id, profile.name);
  const id = await takeFreeId(tx, 'profile', (attempt) =>
    customProfileId(base.image_id, base.arch, profile.name, attempt),
  );
  await insertProfile(tx, id, base, profile);
  await tx.query(
    `insert into profile_files (profile_id, file_id, position)
     select $1, file_id, position from unnest($2::text[]) with ordinality as given (file_id, position)`,
    [id, fileIds],
  );
  await tx.query(
    `insert into predefined_files (profile_id, name, size, sha256)
     select $1, name, size, sha256 from predefined_files where profile_id = $2`,
    [id, base.id],
  );
  return id;
}

/**
 * Keeps the base, its image and the files from being deleted until the transaction ends, locking in the
 * order deleteObjects does.
 */
async function lockBase(tx: Queryable, baseId: string, fileIds: readonly string[]): Promise<BaseProfile> {
  const imageId = baseId.slice(0, Math.max(0, baseId.indexOf('|')));
  await tx.query('select from object_ids where id = any($1) order by id for key share', [
    [imageId, baseId, ...fileIds],
  ]);
  const { rows } = await tx.query<BaseProfile>(
    `select p.id, p.kind, p.image_id, i.family, i.arch from profiles p join images i on i.id = p.image_id
     where p.id = $1`,
    [baseId],
  );
  const base = rows[0];
  if (base?.kind === 'predefined') return base;
  if (base) {
    const detail = `${baseId} is a customized profile; a profile is made from a predefined one.`;
    throw new Problem('invalid_request', { detail });
  }
  const { rowCount } = await tx.query('select from images where id = $1', [baseId]);
  if (rowCount === 0) throw notFound('profile', baseId);
  throw new Problem('invalid_request', {
    detail: `${baseId} is a base image; a profile is made from one of its predefined profiles.`,
  });
}

/** Throws Problem unless files of these kinds can be carried by profiles of the image. */
export async function refuseUnfitFiles(
  tx: Queryable,
  base: Pick<BaseProfile, 'family' | 'image_id'>,
  files: NewCustomProfile['files'],
): Promise<void> {
  const supported = supportedOptions(base.family);
  for (const { option, kind } of fileOptions) {
    const ids = files[kind] ?? [];
    if (ids.length === 0) continue;
    if (!supported.includes(option)) throw optionNotPossible(option, base.image_id);
    const found = new Map((await findFiles(tx, ids)).map((file) => [file.id, file]));
    for (const id of ids) {
      const file = found.get(id);
      if (!file) throw notFound('file', id);
      if (file.kind !== kind) {
        throw new Problem('invalid_request', {
          detail: `The ${file.kind} file ${id} does not belong in ${option}.`,
        });
      }
      // A file imported without an operating system fits all of them.
      if (file.os !== '' && familyOf(file.os) !== base.family) {
        throw new Problem('invalid_request', {
          detail: `The file ${id} is for ${file.os}, not for ${base.image_id}.`,
        });
      }
    }
  }
}

/** Throws Problem option_not_supported for a folder where the system has no place for data and software. */
export function refuseUnfitLocation(base: Pick<BaseProfile, 'image_id' | 'family'>, location = ''): void {
  if (location !== '' && !supportedOptions(base.family).includes(locationOption))
    throw optionNotPossible(locationOption, base.image_id);
}

function optionNotPossible(option: string, imageId: string): Problem {
  return new Problem('option_not_supported', { detail: `${option} is not possible with ${imageId}.` });
}

async function refuseTakenName(tx: Queryable, imageId: string, name: string): Promise<void> {
  const { rowCount } = await tx.query('select from profiles where image_id = $1 and name = $2', [
    imageId,
    name,
  ]);
  if (rowCount !== 0) throw nameTaken(imageId, name);
}

async function insertProfile(
  tx: Queryable,
  id: string,
  base: BaseProfile,
  profile: NewCustomProfile,
): Promise<void> {
  const { name, description, location, user } = profile;
  try {
    await tx.query(
      `insert into profiles (id, image_id, base_id, kind, name, description, location, created_by, modified_by)
       values ($1, $2, $3, 'custom', $4, $5, $6, $7, $7)`,
      [id, base.image_id, base.id, name, description, location, user],
    );
  } catch (error) {
    // Somebody else took the name in the same moment.
    if (systemCode(error) === '23505') throw nameTaken(base.image_id, name);
    throw error;
  }
}

export function nameTaken(imageId: string, name: string): Problem {
  return new Problem('conflict', {
    detail: `The image ${imageId} has a profile named ${JSON.stringify(name)} already.`,
  });
}
