/** Deletes images, profiles, files and archives together, all or nothing (contract, section 6.3). */
import { notFound, Problem } from '@osimage/errors';
import type { Queryable } from '../pool.ts';
import { markArchivesDeleted } from './archives.ts';

/** The word in `archive_gone`: "The archive … was deleted at …". */
const deletedByUser = 'deleted';
/** Users of a file named in a refusal; the rest is counted. */
const namedUsers = 5;

/**
 * Deletes the objects of these ids, an image with all its profiles. Ids may occur twice. Gives the files of
 * deleted archives, relative to the store's folder, to be removed after the commit; blobs are collected
 * later. `check` is called when everything is locked and known to exist. Throws Problem not_found, archive_gone,
 * in_use (a file that a remaining profile carries, or that a remaining configuration file goes with),
 * invalid_request (an image and a profile of it), or what `check` throws, before anything is deleted.
 */
export async function deleteObjects(
  tx: Queryable,
  givenIds: readonly string[],
  check: () => Promise<void> = async () => {},
): Promise<string[]> {
  const ids = [...new Set(givenIds)].sort();
  // Everything is locked in one order, so that two deletions cannot wait for each other. The lock on an
  // image keeps new profiles of it out, the lock on a file new users of it: see createCustomProfile.
  const kinds = await lockIds(tx, [...ids, ...(await profilesOfImages(tx, ids))]);
  const ofKind = (kind: string) => ids.filter((id) => kinds.get(id) === kind);
  const [images, profiles, files, archives] = ['image', 'profile', 'file', 'archive'].map(ofKind) as [
    string[],
    string[],
    string[],
    string[],
  ];
  const unknown = ids.find((id) => !kinds.has(id));
  if (unknown !== undefined) throw unknownObject(unknown);
  await refuseImageWithOwnProfile(tx, images, profiles);
  await refuseMissingArchives(tx, archives);
  await check();

  const allProfiles = [...profiles, ...(await profilesOfImages(tx, images))];
  await refuseFilesInUse(tx, files, allProfiles);
  await refuseAssociatedFiles(tx, files);
  // A customized profile holds all it needs; it outlives the predefined one it was made from.
  await tx.query('update profiles set base_id = null where base_id = any($1)', [profiles]);
  // Profiles before files, which they refer to.
  await deleteIds(tx, allProfiles);
  await deleteIds(tx, [...images, ...files]);
  return await markArchivesDeleted(tx, archives, deletedByUser);
}

async function lockIds(tx: Queryable, ids: readonly string[]): Promise<Map<string, string>> {
  const { rows } = await tx.query<{ id: string; kind: string }>(
    'select id, kind from object_ids where id = any($1) order by id for update',
    [ids],
  );
  return new Map(rows.map((row) => [row.id, row.kind]));
}

async function deleteIds(tx: Queryable, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await tx.query('delete from object_ids where id = any($1)', [ids]);
}

async function profilesOfImages(tx: Queryable, imageIds: readonly string[]): Promise<string[]> {
  const { rows } = await tx.query<{ id: string }>('select id from profiles where image_id = any($1)', [
    imageIds,
  ]);
  return rows.map((row) => row.id);
}

async function refuseImageWithOwnProfile(tx: Queryable, images: string[], profiles: string[]): Promise<void> {
  if (images.length === 0 || profiles.length === 0) return;
  const { rows } = await tx.query<{ id: string; image_id: string }>(
    'select id, image_id from profiles where id = any($1) and image_id = any($2) order by id limit 1',
    [profiles, images],
  );
  const found = rows[0];
  if (!found) return;
  throw new Problem('invalid_request', {
    detail: `The image ${found.image_id} and its profile ${found.id} cannot be deleted in one call; the image takes its profiles with it.`,
  });
}

async function refuseMissingArchives(tx: Queryable, names: string[]): Promise<void> {
  if (names.length === 0) return;
  const { rows } = await tx.query<{ id: string; deleted_at: Date | null; deleted_reason: string }>(
    'select id, deleted_at, deleted_reason from archives where id = any($1)',
    [names],
  );
  const known = new Map(rows.map((row) => [row.id, row]));
  for (const name of names) {
    const archive = known.get(name);
    // The name of an export that is still being written is taken, but there is no archive yet.
    if (!archive) throw unknownObject(name);
    if (archive.deleted_at) {
      throw new Problem('archive_gone', {
        id: name,
        why: archive.deleted_reason,
        when: archive.deleted_at.toISOString(),
      });
    }
  }
}

async function refuseFilesInUse(tx: Queryable, files: string[], profilesToGo: string[]): Promise<void> {
  if (files.length === 0) return;
  const { rows } = await tx.query<{ file_id: string; profile_id: string }>(
    `select file_id, profile_id from profile_files where file_id = any($1) and profile_id <> all($2)
     order by file_id, profile_id`,
    [files, profilesToGo],
  );
  const first = rows[0];
  if (!first) return;
  const users = rows.filter((row) => row.file_id === first.file_id).map((row) => row.profile_id);
  throw new Problem('in_use', { what: 'The file', id: first.file_id, users: named('profile', users) });
}

/** An unattend file that a configuration file goes with stays, unless both go. */
async function refuseAssociatedFiles(tx: Queryable, files: string[]): Promise<void> {
  if (files.length === 0) return;
  const { rows } = await tx.query<{ id: string; associated_id: string }>(
    'select id, associated_id from files where associated_id = any($1) and id <> all($1) order by associated_id, id',
    [files],
  );
  const first = rows[0];
  if (!first) return;
  const users = rows.filter((row) => row.associated_id === first.associated_id).map((row) => row.id);
  throw new Problem('in_use', {
    what: 'The file',
    id: first.associated_id,
    users: named('configuration file', users),
  });
}

/** "profile a", or "the profiles a, b, c, d, e and 2 more". */
function named(what: string, ids: readonly string[]): string {
  if (ids.length === 1) return `${what} ${ids[0]}`;
  const more = ids.length > namedUsers ? ` and ${ids.length - namedUsers} more` : '';
  return `the ${what}s ${ids.slice(0, namedUsers).join(', ')}${more}`;
}

function unknownObject(id: string): Problem {
  return notFound('image, profile, file or archive', id);
}
