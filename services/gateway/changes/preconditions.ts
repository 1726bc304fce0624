/** Entity tags of what can be changed, and If-Match: RFC 9110, sections 8.8.3 and 13.1.1 (contract, 6.2). */
import { createHash } from 'node:crypto';
import type { FileRow, ListedProfile } from '@osimage/database';
import { Problem } from '@osimage/errors';
import type { FastifyRequest } from 'fastify';

/**
 * The entity tag of a profile or file. The time tells something new under an old id from what it was before; the
 * list of a large installation shows one for each profile, so it costs no hash.
 */
export function changeTag({
  revision,
  modified_at,
}: Pick<ListedProfile | FileRow, 'revision' | 'modified_at'>) {
  return `"${revision}-${modified_at.getTime().toString(36)}"`;
}

/** The entity tag of something small, made of all it shows. */
export function shownTag(shown: object): string {
  return `"${createHash('sha256').update(JSON.stringify(shown)).digest('base64url').slice(0, 22)}"`;
}

/** Anything but a quote, a space or a control character may stand between the quotes (8.8.3). */
const tagList =
  /^\s*(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"\s*(?:,\s*(?:(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"\s*)?)*$/;
const oneTag = /(W\/)?("[\x21\x23-\x7e\x80-\xff]*")/g;

/**
 * Throws Problem precondition_failed when the request has an If-Match that does not name `tag`, the present one of
 * something that exists; invalid_request when it is not a list of entity tags. A weak tag never matches.
 */
export function requireMatch(request: FastifyRequest, what: string, id: string, tag: string): void {
  const given = request.headers['if-match'];
  if (given === undefined || given.trim() === '*') return;
  if (!tagList.test(given)) {
    throw new Problem('invalid_request', {
      detail: 'If-Match must be *, or entity tags with their quotation marks, as ETag shows them.',
    });
  }
  for (const [, weak, strong] of given.matchAll(oneTag)) if (!weak && strong === tag) return;
  throw new Problem('precondition_failed', { what, id });
}
