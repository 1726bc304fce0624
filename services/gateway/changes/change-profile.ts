/** A change of a customized profile (contract, section 6.2): what is absent stays. */
import { changeCustomProfile, type Database, type ProfileEntry } from '@osimage/database';
import { Problem } from '@osimage/errors';
import { locationOption } from '@osimage/os-media';
import type { FastifyRequest } from 'fastify';
import { checkProfileName, readFiles } from '../new-profile.ts';
import { requireObjectId } from '../object-id.ts';
import type { ChangeBody } from '../schemas/changes.ts';
import { changeTag, requireMatch } from './preconditions.ts';

/**
 * Changes a profile and gives it as it is then. Throws Problem invalid_request, not_found, predefined_profile,
 * option_not_supported, conflict (name taken) or precondition_failed.
 */
export async function changeProfile(
  db: Database,
  givenId: string,
  body: ChangeBody,
  request: FastifyRequest,
): Promise<ProfileEntry> {
  const { profile, ...rest } = body;
  if (!profile || Object.keys(rest).length > 0) {
    throw new Problem('invalid_request', {
      detail: 'Without an imageType the body must have profile and nothing else.',
    });
  }
  if (profile.name !== undefined) checkProfileName(profile.name);
  const id = requireObjectId(givenId, 'profile');
  const options = profile.customizationOptions;
  // No options at all means what it means for a new profile: nothing is customized.
  const location = options === null ? '' : (options?.[locationOption] as string | undefined);
  const change = {
    ...(profile.name !== undefined && { name: profile.name }),
    ...(profile.description !== undefined && { description: profile.description }),
    ...(location !== undefined && { location }),
    files: options === undefined ? {} : readFiles(options),
    user: request.user.name,
  };
  return await db.transaction((tx) =>
    changeCustomProfile(tx, id, change, (before) =>
      requireMatch(request, 'profile', id, changeTag(before.profile)),
    ),
  );
}
