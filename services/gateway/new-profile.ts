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
  if (profile.name.trim() === '' || !profile.name.isWellFormed()) {
    throw new Problem('invalid_request', {
      detail: 'The name of a profile needs at least one visible character.',
    });
  }
  const given = profile.customizationOptions;
  const files: Partial<Record<FileKind, string[]>> = {};
  for (const { option, ids, kind } of fileOptions) {
    const group = given?.[option] as Record<string, GivenFileIds | null> | '' | null | undefined;
    if (group) files[kind] = idsOf(group[ids] ?? []);
  }
  return {
    baseId: requireObjectId(baseId, 'profile'),
    name: profile.name,
    description: profile.description ?? '',
    location: given?.[locationOption] ?? '',
    files,
    user,
  };
}

function idsOf(given: GivenFileIds): string[] {
  return given.map((entry) => requireObjectId(typeof entry === 'string' ? entry : entry.id, 'file'));
}
