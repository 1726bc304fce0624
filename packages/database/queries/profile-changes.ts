/** Changes customized profiles (contract, section 6.2). */
import { notFound, Problem, systemCode } from '@osimage/errors';
import { type FileKind, fileOptions } from '@osimage/os-media';
import type { Queryable } from '../pool.ts';
import { type ImageEntry, listImages } from './images.ts';
import { nameTaken, refuseUnfitFiles, refuseUnfitLocation } from './profiles.ts';

export interface ProfileChange {
  /** What is absent stays. Name and texts are checked by the caller, as those of a new profile. */
  name?: string;
  description?: string;
  location?: string;
  /** The files of each kind that is present take the place of those the profile carries. */
  files: Partial<Record<FileKind, readonly string[]>>;
  user: string;
}

/** A profile with its image, as lists show it. */
export type ProfileEntry = Required<ImageEntry>;

/** Gives a profile, or undefined. */
export async function findProfile(db: Queryable, id: string): Promise<ProfileEntry | undefined> {
  const [entry] = await listImages(db, { imageId: '', profileId: '' }, 1, { ids: [id] });
  return entry?.profile && { ...entry, profile: entry.profile };
}

/**
 * Changes a customized profile and gives it as it is then; its id stays, also under another name. `check` gets the
 * profile as it is before, locked. Call it in a transaction. Throws Problem not_found (profile or file),
 * predefined_profile, invalid_request (not a profile; a file of another kind or operating system),
 * option_not_supported, conflict (name taken), or what `check` throws.
 */
export async function changeCustomProfile(
  tx: Queryable,
  id: string,
  change: ProfileChange,
  check: (entry: ProfileEntry) => void,
): Promise<ProfileEntry> {
  const fileIds = Object.values(change.files).flat();
  // Ids first, in order, then the profile: see deleteObjects.
  await tx.query('select from object_ids where id = any($1) order by id for key share', [[id, ...fileIds]]);
  await tx.query('select from profiles where id = $1 for update', [id]);
  const before = await findProfile(tx, id);
  if (!before) throw await whyNoProfile(tx, id);
  if (before.profile.kind === 'predefined') throw new Problem('predefined_profile', { id });
  check(before);
  refuseUnfitLocation(before.image, change.location);
  await refuseUnfitFiles(tx, before.image, change.files);
  await updateProfile(tx, before, change);
  if (Object.keys(change.files).length > 0) await replaceFiles(tx, before, change.files);
  return (await findProfile(tx, id))!;
}

async function whyNoProfile(tx: Queryable, id: string): Promise<Problem> {
  const { rows } = await tx.query<{ kind: string }>('select kind from object_ids where id = $1', [id]);
  if (!rows[0]) return notFound('profile', id);
  const detail =
    rows[0].kind === 'file'
      ? `${id} is a file: name its kind as imageType, and describe the change in the body of that kind.`
      : `${id} is not a profile, and only profiles and files can be changed.`;
  return new Problem('invalid_request', { detail });
}

async function updateProfile(
  tx: Queryable,
  { profile, image }: ProfileEntry,
  change: ProfileChange,
): Promise<void> {
  const name = change.name ?? profile.name;
  const taken = await tx.query('select from profiles where image_id = $1 and name = $2 and id <> $3', [
    image.image_id,
    name,
    profile.id,
  ]);
  if (taken.rowCount !== 0) throw nameTaken(image.image_id, name);
  try {
    await tx.query(
      `update profiles set name = $2, description = $3, location = $4, modified_by = $5, modified_at = now(),
         revision = revision + 1
       where id = $1`,
      [
        profile.id,
        name,
        change.description ?? profile.description,
        change.location ?? profile.location,
        change.user,
      ],
    );
  } catch (error) {
    // Somebody else took the name in the same moment.
    if (systemCode(error) === '23505') throw nameTaken(image.image_id, name);
    throw error;
  }
}

async function replaceFiles(
  tx: Queryable,
  { profile }: ProfileEntry,
  wanted: ProfileChange['files'],
): Promise<void> {
  const carried = (kind: FileKind) => profile.files.filter((file) => file.kind === kind).map(({ id }) => id);
  const ids = [...new Set(fileOptions.flatMap(({ kind }) => wanted[kind] ?? carried(kind)))];
  await tx.query('delete from profile_files where profile_id = $1', [profile.id]);
  await tx.query(
    `insert into profile_files (profile_id, file_id, position)
     select $1, file_id, position from unnest($2::text[]) with ordinality as given (file_id, position)`,
    [profile.id, ids],
  );
}
