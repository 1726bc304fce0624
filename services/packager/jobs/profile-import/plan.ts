/** What an archive's profile becomes here, where its ids and names may be taken (contract, section 5.2). */
import {
  findImportedFiles,
  findImportedProfile,
  type ImportedFile,
  type ImportedProfile,
  type ImportedRows,
  lockObjects,
  type OnConflict,
  otherUsers,
  profileNamed,
  type Queryable,
} from '@osimage/database';
import { Problem } from '@osimage/errors';
import { customProfileId, numberedId } from '@osimage/os-media';

export interface ProfilePlan extends Omit<ImportedRows, 'user'> {
  /** The very same profile is here: nothing is to be done. */
  readonly present: boolean;
}

const numbersMost = 10_000;

/**
 * Decides what is to be written; call it in a transaction. What is here with the same ids and the same content is used
 * as it is. Anything else in the way is refused (`fail`), replaced as far as it is this profile's own (`replace`), or
 * left alone, what comes in getting other ids and another name (`rename`). Throws Problem conflict.
 */
export async function planProfile(
  tx: Queryable,
  profile: ImportedProfile,
  arch: string,
  onConflict: OnConflict,
  lookAgain = true,
): Promise<ProfilePlan> {
  const ids = [profile.imageId, ...(profile.baseId === null ? [] : [profile.baseId]), profile.id];
  for (const file of profile.files) ids.push(file.id);
  const taken = await lockObjects(tx, ids, onConflict === 'replace');
  const here = await findImportedFiles(
    tx,
    profile.files.map((file) => file.id),
  );
  const files = await planFiles(tx, profile, taken, here, onConflict);
  const present = await findImportedProfile(tx, profile.id);
  if (files.newFiles.length + files.changedFiles.length === 0 && present && isSame(present, profile))
    return { profile, ...files, replace: false, present: true };

  const withFiles = { ...profile, files: files.files };
  const named = await profileNamed(tx, profile.imageId, profile.name);
  // It came between two of these looks, and its files with it: looked at again, all are seen together.
  if (lookAgain && (present || named === profile.id) && !(present && taken.has(profile.id)))
    return await planProfile(tx, profile, arch, onConflict, false);
  const free = present === undefined && !taken.has(profile.id) && named === undefined;
  if (free) return { profile: withFiles, ...files, replace: false, present: false };
  if (onConflict === 'rename') {
    const renamed = await otherName(tx, withFiles, arch);
    return { profile: renamed, ...files, replace: false, present: false };
  }
  if (named !== undefined && named !== profile.id) {
    throw conflict(
      `The image ${profile.imageId} has another profile named ${JSON.stringify(profile.name)}: ${named}.`,
    );
  }
  if (onConflict === 'replace' && present?.kind === 'custom')
    return { profile: withFiles, ...files, replace: true, present: false };
  throw conflict(
    present?.kind === 'predefined'
      ? `The id ${profile.id} is that of a predefined profile, which cannot be replaced.`
      : `There is another profile with the id ${profile.id}; onConflict=replace replaces it, onConflict=rename keeps both.`,
  );
}

interface PlannedFiles {
  /** All of the profile, in order, with the ids they will have. */
  readonly files: ImportedFile[];
  readonly newFiles: ImportedFile[];
  readonly changedFiles: ImportedFile[];
}

async function planFiles(
  tx: Queryable,
  profile: ImportedProfile,
  taken: Map<string, string>,
  here: Map<string, ImportedFile>,
  onConflict: OnConflict,
): Promise<PlannedFiles> {
  const plan: PlannedFiles = { files: [], newFiles: [], changedFiles: [] };
  const claimed = new Set(profile.files.map((file) => file.id));
  for (const file of profile.files) {
    const found = here.get(file.id);
    if (found && isSameFile(found, file)) plan.files.push(file);
    else if (!taken.has(file.id)) {
      plan.files.push(file);
      plan.newFiles.push(file);
    } else if (onConflict === 'rename') {
      const { renamed, isNew } = await otherId(tx, file, claimed);
      plan.files.push(renamed);
      if (isNew) plan.newFiles.push(renamed);
    } else if (onConflict === 'replace' && found) {
      plan.files.push(file);
      plan.changedFiles.push(file);
    } else {
      throw conflict(
        `There is something else with the id ${file.id}, which the archive's file ${JSON.stringify(file.name)} has; onConflict=rename keeps both.`,
      );
    }
  }
  await refuseChangeForOthers(tx, profile, plan.changedFiles);
  return plan;
}

/** A file another profile carries must not become another one under it. */
async function refuseChangeForOthers(
  tx: Queryable,
  profile: ImportedProfile,
  changed: readonly ImportedFile[],
): Promise<void> {
  if (changed.length === 0) return;
  const users = await otherUsers(
    tx,
    changed.map((file) => file.id),
    profile.id,
  );
  const first = users[0];
  if (!first) return;
  const named = users.filter((user) => user.fileId === first.fileId).map((user) => user.profileId);
  throw conflict(
    `The archive brings other content for the file ${first.fileId}, which ${named.join(', ')} carries as well; onConflict=rename keeps both.`,
  );
}

/** The file under the first id behind its own that is free, or has the same file already. */
async function otherId(
  tx: Queryable,
  file: ImportedFile,
  claimed: Set<string>,
): Promise<{ renamed: ImportedFile; isNew: boolean }> {
  for (let number = 2; number < numbersMost; number++) {
    const renamed = { ...file, id: numberedId(file.id, number) };
    if (claimed.has(renamed.id)) continue;
    const taken = await lockObjects(tx, [renamed.id], false);
    const found = (await findImportedFiles(tx, [renamed.id])).get(renamed.id);
    if (taken.size > 0 && !(found && isSameFile(found, renamed))) continue;
    claimed.add(renamed.id);
    return { renamed, isNew: taken.size === 0 };
  }
  throw conflict(`No free id is left for ${file.id}.`);
}

async function otherName(tx: Queryable, profile: ImportedProfile, arch: string): Promise<ImportedProfile> {
  for (let number = 2; number < numbersMost; number++) {
    const end = `-${number}`;
    const name = `${profile.name.slice(0, 200 - end.length).toWellFormed()}${end}`;
    if ((await profileNamed(tx, profile.imageId, name)) !== undefined) continue;
    const id = customProfileId(profile.imageId, arch, name);
    if ((await lockObjects(tx, [id], false)).size === 0) return { ...profile, id, name };
  }
  throw conflict(`No free name is left for ${JSON.stringify(profile.name)}.`);
}

function isSameFile(one: ImportedFile, other: ImportedFile): boolean {
  const keys = ['kind', 'id', 'name', 'description', 'os', 'osrelease', 'version', 'type', 'size', 'sha256'];
  return keys.every((key) => one[key as keyof ImportedFile] === other[key as keyof ImportedFile]);
}

/** Whether an export of the one would hold what the archive of the other holds. */
function isSame(here: ImportedProfile & { kind: string }, other: ImportedProfile): boolean {
  return here.kind === 'custom' && JSON.stringify(essence(here)) === JSON.stringify(essence(other));
}

function essence({ imageId, name, description, location, files, predefined }: ImportedProfile) {
  // The order counts within a kind; the options keep the kinds apart.
  const used = files.map(({ kind, id }) => ({ kind, id })).toSorted((a, b) => compare(a.kind, b.kind));
  const unattend = predefined
    .map((file) => [file.name, file.size, file.sha256])
    .toSorted((a, b) => compare(String(a[0]), String(b[0])));
  return { imageId, name, description, location, used, unattend };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function conflict(detail: string): Problem {
  return new Problem('conflict', { detail });
}
