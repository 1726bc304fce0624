/** If-Match on `DELETE /osImages/{list}`: only what the caller has seen is deleted. */
import { findArchive, findFiles, findProfile, type Queryable } from '@osimage/database';
import { Problem } from '@osimage/errors';
import type { FastifyRequest } from 'fastify';
import { etagOf } from '../downloads/conditions.ts';
import { changeTag, requireMatch } from './preconditions.ts';

/**
 * Call it when the ids are locked and known to exist. Throws Problem precondition_failed, or invalid_request when
 * a tag is given for several things.
 */
export async function requireUnchanged(
  tx: Queryable,
  ids: readonly string[],
  request: FastifyRequest,
): Promise<void> {
  const given = request.headers['if-match'];
  if (given === undefined || given.trim() === '*') return;
  const [id, ...others] = new Set(ids);
  if (id === undefined || others.length > 0) {
    throw new Problem('invalid_request', {
      detail: 'If-Match with an entity tag is for one object at a time.',
    });
  }
  requireMatch(request, 'object', id, await tagOf(tx, id));
}

/** A base image is never changed and has no tag: nothing matches it. */
async function tagOf(tx: Queryable, id: string): Promise<string> {
  const profile = (await findProfile(tx, id))?.profile;
  if (profile) return changeTag(profile);
  const [file] = await findFiles(tx, [id]);
  if (file) return changeTag(file);
  const archive = await findArchive(tx, id);
  return archive ? etagOf(archive.sha256) : '';
}
