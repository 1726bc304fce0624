/** The import job: from the staging file to a file of the library or a base image with its profiles. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { addContent, type Blob, collectUnused, importClaim } from '@osimage/blob-store';
import {
  endJob,
  hasEnded,
  type ImportParameters,
  insertFile,
  insertImage,
  pinContent,
  type Queryable,
  takeFreeId,
  takeId,
} from '@osimage/database';
import { Problem } from '@osimage/errors';
import {
  checkContent,
  identifyMedia,
  type MediaIdentity,
  predefinedProfiles,
  uploadedFileId,
} from '@osimage/os-media';
import type { PackagerContext } from '../context.ts';
import { byteSteps, reach } from '../steps.ts';
import type { Attempt } from './attempt.ts';
import { checkBundle } from './bundle-signature.ts';
import { fetchFile, removeFetched } from './fetch.ts';
import { importProfile } from './profile-import/import.ts';
import { removeStaging, stagingPath } from './start-import.ts';

const fileKinds: Record<string, string> = {
  BOOT: 'boot',
  DUD: 'driver',
  SCRIPT: 'script',
  SOFTWARE: 'software',
  UNATTEND: 'unattend',
  CONFIG: 'config',
  // The type tells a bundle from its signature.
  BUNDLE: 'bundle',
  BUNDLESIG: 'bundle',
};

/** Runs an import to its end; throws a Problem when it cannot be done. */
export async function runImport(context: PackagerContext, attempt: Attempt): Promise<void> {
  const parameters = attempt.job.import;
  if (!parameters) throw new Error(`import job ${attempt.job.id} has no parameters`);
  const path = await stagingFile(context, attempt, parameters);
  attempt.step('checking');
  await checkContent(parameters.imageType, parameters.name, path, attempt.signal, parameters.os);
  await importAs(context, attempt, parameters, path);
  await reach('after-commit', attempt.job);
  await removeFetched(context, attempt);
  await removeStaging(context, attempt.job.id);
}

/** The file to import, fetched first where it is remote. */
async function stagingFile(
  context: PackagerContext,
  attempt: Attempt,
  { size }: ImportParameters,
): Promise<string> {
  if (attempt.job.server_id !== null) return await fetchFile(context, attempt, size);
  attempt.total(size);
  return join(context.store.root, stagingPath(attempt.job.id));
}

async function importAs(
  context: PackagerContext,
  attempt: Attempt,
  parameters: ImportParameters,
  path: string,
): Promise<void> {
  switch (parameters.imageType) {
    case 'OS':
      return await importImage(context, attempt, parameters, path);
    case 'OSPROFILE':
      return await importProfile(context, attempt, parameters, path);
    case 'BUNDLE':
      attempt.step('checking the signature');
      await checkBundle(context, parameters.name, path, attempt.signal);
      return await importFile(context, attempt, parameters, path);
    default:
      return await importFile(context, attempt, parameters, path);
  }
}

/** Packs the staging file; `rows` and the end of the job are one transaction, so that both or neither happen. */
async function pack(
  context: PackagerContext,
  attempt: Attempt,
  path: string,
  rows: (tx: Queryable, blob: Blob) => Promise<string>,
): Promise<void> {
  const { job, signal } = attempt;
  attempt.step('packing');
  const { size: staged } = await stat(path);
  const reached = byteSteps(staged, job);
  await addContent(
    context.store,
    context.db,
    path,
    async (tx, blob) => {
      await reach('before-publish', job);
      const objectId = await rows(tx, blob);
      const held = await endJob(tx, job.id, job.attempt, {
        state: 'Complete',
        step: 'done',
        size: blob.rawSize,
        sha256: blob.sha256,
        objectId,
      });
      if (!held) throw new Problem('attempt_lost');
      await reach('before-commit', job);
    },
    {
      signal,
      // Content that is here already needs none.
      room: () => attempt.claim(context.store, importClaim(staged), staged),
      onProgress: (bytes) => {
        attempt.progress(bytes);
        attempt.wrote(staged + bytes);
        return reached(bytes);
      },
    },
  );
}

async function importFile(
  context: PackagerContext,
  attempt: Attempt,
  parameters: ImportParameters,
  path: string,
): Promise<void> {
  const now = new Date();
  await pack(context, attempt, path, async (tx, blob) => {
    const id = await takeFreeId(tx, 'file', (number) => uploadedFileId(now, parameters.name, number));
    await insertFile(tx, {
      id,
      kind: fileKinds[parameters.imageType] ?? '',
      name: parameters.name,
      description: parameters.description,
      os: parameters.os,
      osrelease: parameters.osrelease,
      type: parameters.imageType,
      size: blob.rawSize,
      sha256: blob.sha256,
      createdBy: attempt.job.created_by,
    });
    return id;
  });
}

async function importImage(
  context: PackagerContext,
  attempt: Attempt,
  parameters: ImportParameters,
  path: string,
): Promise<void> {
  const hint = {
    name: parameters.name,
    ...(parameters.os && { os: parameters.os }),
    ...(parameters.osrelease && { osrelease: parameters.osrelease }),
  };
  const identity = await identifyMedia(path, hint, attempt.signal);
  const profiles = predefinedProfiles(identity, identity.osrelease);
  const packed = await Promise.all(
    profiles.map(async (profile) => ({
      ...profile,
      unattend: await Promise.all(profile.unattend.map((file) => addUnattend(context, attempt, file))),
    })),
  );
  await pack(context, attempt, path, async (tx, blob) => {
    await takeImageIds(
      tx,
      identity,
      profiles.map((profile) => profile.id),
    );
    await insertImage(tx, {
      id: identity.osrelease,
      name: parameters.name,
      description: parameters.description,
      family: identity.family,
      os: identity.os,
      osrelease: identity.osrelease,
      arch: identity.arch,
      buildId: identity.buildId,
      size: blob.rawSize,
      sha256: blob.sha256,
      createdBy: attempt.job.created_by,
      profiles: packed,
    });
    return identity.osrelease;
  });
}

async function takeImageIds(
  tx: Queryable,
  identity: MediaIdentity,
  profileIds: readonly string[],
): Promise<void> {
  if (!(await takeId(tx, identity.osrelease, 'image'))) {
    throw new Problem('conflict', {
      detail: `There is already something with the id ${identity.osrelease}; import this image with another osrelease.`,
    });
  }
  for (const id of profileIds) {
    if (!(await takeId(tx, id, 'profile')))
      throw new Problem('conflict', { detail: `There is already a profile with the id ${id}.` });
  }
}

/** Stores a predefined unattend file; the job pins it until the image refers to it. */
async function addUnattend(
  context: PackagerContext,
  attempt: Attempt,
  file: { name: string; content: string },
) {
  return await addContent(
    context.store,
    context.db,
    Buffer.from(file.content),
    async (tx, blob) => {
      await pinContent(tx, attempt.job.id, [blob.sha256]);
      return { name: file.name, size: blob.rawSize, sha256: blob.sha256 };
    },
    // Part of what the import has claimed.
    { signal: attempt.signal, room: async () => {} },
  );
}

/** Removes the uploaded file, and what was stored of it, once the job has ended; until then another attempt needs it. */
export async function cleanImport(context: PackagerContext, attempt: Attempt): Promise<void> {
  await removeFetched(context, attempt);
  const { db, store } = context;
  if (!(await hasEnded(db, attempt.job.id))) return;
  await removeStaging(context, attempt.job.id);
  await collectUnused(db, store, [...attempt.staged]);
}
