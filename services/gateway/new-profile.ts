/** From the body of `POST /osImages/{id}` to what the database takes (contract, section 6.1). */
import type { NewCustomProfile } from '@osimage/database';
import { Problem } from '@osimage/errors';
import { type FileKind, fileOptions, locationOption } from '@osimage/os-media';
import type { Static } from 'typebox';
import { requireObjectId } from './object-id.ts';
import type { GivenFileIds, NewProfileBody } from './schemas/images.ts';

/** Gives the profile the body describes; throws Problem invalid_request (name) or not_found (an id that cannot be). */
export function readNewProfile(
  baseId: string,
  { profile }: Static<typeof NewProfileBody>,
  user: string,
): NewCustomProfile {
  checkProfileName(profile.name);
  const given = profile.customizationOptions;
  return {
    baseId: requireObjectId(baseId, 'profile'),
    name: profile.name,
    description: profile.description ?? '',
    location: given?.[locationOption] ?? '',
    files: readFiles(given),
    user,
  };
}

/** Throws Problem invalid_request. */
export function checkProfileName(name: string): void {
  if (name.trim() !== '' && name.isWellFormed()) return;
  throw new Problem('invalid_request', {
    detail: 'The name of a profile needs at least one visible character.',
  });
}

/**
 * The files that customizationOptions name, by kind. Only the kinds whose list is given, if only to be empty:
 * null, an empty string in an option's place, or no options at all mean no files.
 */
export function readFiles(given: Record<string, unknown> | null): Partial<Record<FileKind, string[]>> {
  const files: Partial<Record<FileKind, string[]>> = {};
  for (const { option, ids, kind } of fileOptions) {
    const group = given === null ? null : (given[option] as Group | '' | null | undefined);
    if (group === undefined) continue;
    const list = group ? group[ids] : null;
    if (list !== undefined) files[kind] = idsOf(list ?? []);
  }
  return files;
}

type Group = Record<string, GivenFileIds | null>;

function idsOf(given: GivenFileIds): string[] {
  return given.map((entry) => requireObjectId(typeof entry === 'string' ? entry : entry.id, 'file'));
}
