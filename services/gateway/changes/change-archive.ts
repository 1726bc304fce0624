/** `PUT /osImages/{file name}` with `protected`, an addition: whether a retention rule leaves an archive alone. */
import { type Database, protectArchive } from '@osimage/database';
import { Problem } from '@osimage/errors';
import type { FastifyRequest } from 'fastify';
import { requireArchive } from '../downloads/archive-download.ts';
import { etagOf } from '../downloads/conditions.ts';
import { requireObjectId } from '../object-id.ts';
import type { ChangeBody } from '../schemas/changes.ts';
import { requireMatch } from './preconditions.ts';

/**
 * Protects an archive, or no longer, and gives its entity tag, which is that of its content and stays. Throws Problem
 * invalid_request, not_found, archive_gone or precondition_failed.
 */
export async function changeArchive(
  db: Database,
  givenId: string,
  imageType: string,
  body: ChangeBody,
  request: FastifyRequest,
): Promise<string> {
  const { protected: isProtected, ...rest } = body;
  if (imageType !== '' || isProtected === undefined || Object.keys(rest).length > 0) {
    throw new Problem('invalid_request', {
      detail: 'protected is for archives: without an imageType, and nothing else in the body.',
    });
  }
  const id = requireObjectId(givenId, 'archive');
  const etag = etagOf((await requireArchive(db, id)).sha256);
  requireMatch(request, 'archive', id, etag);
  // It may have gone since.
  if (!(await protectArchive(db, id, isProtected))) await requireArchive(db, id);
  return etag;
}
