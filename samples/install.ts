/**
 * Puts the sample base image and its customized profile `web` in, through the packaging service as anybody
 * would, if they are absent. Two that start at once wait for each other, and one that broke off is taken up.
 */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import {
  createCustomProfile,
  type Database,
  findFileByContent,
  kindOfId,
  lockSamples,
  type Queryable,
} from '@osimage/database';
import { Problem } from '@osimage/errors';
import { type FileKind, fileOptions } from '@osimage/os-media';
import type { ImageType, Job, PackagingClient } from '@osimage/packaging-api';
import { buildSamples, type Sample } from './build.ts';

export interface SampleTarget {
  readonly client: PackagingClient;
  readonly db: Database;
  /** Folder of blobs, staging and exports; absolute. */
  readonly storeRoot: string;
  readonly signal: AbortSignal;
  /** Who shall have created them. */
  readonly user?: string;
}

const imageId = 'sample';
const baseId = 'sample|sample-x86_64-install-Minimal';
export const sampleProfileId = 'sample|sample-x86_64-install-web';
const pollMs = 50;

/** Gives whether anything was put in. Throws Problem of an import or of the profile, or the signal's reason. */
export async function installSamples(target: SampleTarget): Promise<boolean> {
  const { db, user = 'samples' } = target;
  if (await isThere(db)) return false;
  const folder = await mkdtemp(join(tmpdir(), 'osimage-samples-'));
  try {
    return await db.transaction(async (tx) => {
      await lockSamples(tx);
      // Somebody else was quicker.
      if (await isThere(tx)) return false;
      const files: Partial<Record<FileKind, string[]>> = {};
      for (const sample of await buildSamples(folder)) {
        const kind = fileOptions.find(({ imageType }) => imageType === sample.imageType)?.kind;
        const id = (await findSample(tx, sample, kind)) ?? (await importSample(target, sample, user));
        if (kind) files[kind] = [...(files[kind] ?? []), id];
      }
      target.signal.throwIfAborted();
      const description = 'A minimal system that serves a static site';
      await createCustomProfile(tx, {
        baseId,
        name: 'web',
        description,
        location: '/opt/payload',
        files,
        user,
      });
      return true;
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function isThere(db: Queryable): Promise<boolean> {
  return (await kindOfId(db, sampleProfileId)) !== undefined;
}

/** Id of what an earlier try put in. */
async function findSample(
  tx: Queryable,
  sample: Sample,
  kind: FileKind | undefined,
): Promise<string | undefined> {
  if (!kind) return (await kindOfId(tx, imageId)) === 'image' ? imageId : undefined;
  const sha256 = createHash('sha256')
    .update(await readFile(sample.path))
    .digest('hex');
  return await findFileByContent(tx, kind, sample.name, sha256);
}

/** Imports a file and gives the id of what it became. */
async function importSample(target: SampleTarget, sample: Sample, user: string): Promise<string> {
  const { client, storeRoot, signal } = target;
  const call = { user, signal };
  const { size } = await stat(sample.path);
  const imageType: ImageType = `IMAGE_TYPE_${sample.imageType}`;
  const { name, os, osrelease, description } = sample;
  const { jobId, stagingPath } = await client.createImport({ imageType, fileSize: size }, call);
  try {
    await stage(sample.path, join(storeRoot, stagingPath));
    await client.startImport({ jobId, imageType, name, os, osrelease, description, size }, call);
  } catch (error) {
    // The import must not wait for a file that will never come; what matters is the first error.
    await client.abandonImport({ jobId, bytesReceived: 0 }, { user }).catch(() => {});
    throw error;
  }
  return await imported(target, jobId, user);
}

async function stage(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  await copyFile(from, to, constants.COPYFILE_EXCL);
  await chmod(to, 0o600);
}

/** Waits for the end of an import; throws the Problem it ended with. */
async function imported({ client, signal }: SampleTarget, id: string, user: string): Promise<string> {
  for (;;) {
    const { job } = await client.getJob({ id }, { user, signal });
    if (job?.state === 'JOB_STATE_COMPLETE' && job.objectId) return job.objectId;
    if (job && hasEnded(job)) throw failure(job);
    await pause(pollMs, undefined, { signal });
  }
}

function hasEnded(job: Job): boolean {
  return job.state !== 'JOB_STATE_PENDING' && job.state !== 'JOB_STATE_RUNNING';
}

function failure({ error }: Job): Problem {
  const { code = 'internal', text = '', recovery = '' } = error ?? {};
  return Problem.fromReport({ code, text, recovery });
}
