/** Ids as callers write them, checked before the database sees them. */
import { notFound } from '@osimage/errors';

/** Ids of images, profiles, files and archives (contract, section 4). */
const objectId = /^[A-Za-z0-9._|-]{1,200}$/;

export function isObjectId(text: string): boolean {
  return objectId.test(text);
}

/** How much of something wrong is repeated to the caller. */
const shown = 80;

/** Gives the id back; throws Problem not_found when it cannot be one, so that nothing can have it. */
export function requireObjectId(id: string, what: string): string {
  if (isObjectId(id)) return id;
  const short = id.length > shown ? `${id.slice(0, shown)}…` : id;
  throw notFound(what, JSON.stringify(short));
}
