/** The export job: from the snapshot to a published archive, here or on a remote file server. */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { basename, join, posix } from 'node:path';
import {
  type Archive,
  type ArchiveMember,
  archiveFiles,
  openArchive,
  parseMetadata,
  writeArchive,
} from '@osimage/archive';
import { loadPinnedBlobs, withReclaimable } from '@osimage/blob-store';
import {
  endJob,
  insertArchive,
  isPublished,
  type Outcome,
  type Queryable,
  readSnapshot,
} from '@osimage/database';
import { Problem } from '@osimage/errors';
import type { PackagerContext } from '../context.ts';
import { archiveWithSteps, reach } from '../steps.ts';
import { archiveName } from './archive-name.ts';
import type { Attempt } from './attempt.ts';
import { deliver } from './deliver.ts';

/** Runs an export to its end; throws a Problem when it cannot be done. */
export async function runExport(context: PackagerContext, attempt: Attempt): Promise<void> {
  const { job } = attempt;
  // It was accepted with the size of its archive. Whether that still fits is asked while the archive is planned.
  const fits = job.server_id === null ? attempt.claim(context.store, job.space_claimed, 0) : undefined;
  const [{ archive, profileName }] = await Promise.all([open(context, attempt), fits]);
  try {
    attempt.total(archive.size);
    if (job.server_id === null) await exportLocally(context, attempt, archive);
    else await exportRemotely(context, attempt, archive, profileName);
  } finally {
    await archive.close();
  }
}

async function open(
  context: PackagerContext,
  attempt: Attempt,
): Promise<{ archive: Archive; profileName: string }> {
  attempt.step('planning');
  const { id } = attempt.job;
  const [metadata, blobs] = await Promise.all([
    readSnapshot(context.db, id),
    loadPinnedBlobs(context.db, id),
  ]);
  const parsed = parseMetadata(metadata);
  const members: ArchiveMember[] = [];
  for (const { path, sha256 } of archiveFiles(parsed)) {
    const blob = blobs.get(sha256);
    if (blob) members.push({ path, blob });
    else {
      // The end of a job unpins what it needed.
      await attempt.checkLease();
      throw new Problem('blob_damaged', { name: basename(path) });
    }
  }
  const archive = openArchive({ metadata, members }, context.store.root);
  return { archive: archiveWithSteps(archive, attempt.job), profileName: parsed.profile.name };
}

async function exportLocally(context: PackagerContext, attempt: Attempt, archive: Archive): Promise<void> {
  const { job, signal } = attempt;
  const filename = job.filename ?? '';
  // A job accepted by an earlier version claimed otherwise.
  if (attempt.claimed !== archive.size) await attempt.claim(context.store, archive.size, 0);
  // Of this attempt alone: a predecessor that wakes up writes elsewhere and cannot touch it.
  const folder = join('exports', job.id, String(job.attempt));
  await mkdir(join(context.store.root, folder), { recursive: true, mode: 0o700 });
  attempt.step('writing');
  const physicalPath = join(folder, filename);
  const written = await writeArchive(archive, join(context.store.root, physicalPath), {
    signal,
    onProgress: (bytes) => {
      attempt.progress(bytes);
      attempt.wrote(bytes);
    },
  }).catch(async (error: unknown) => {
    throw await withReclaimable(context.db, context.store, error);
  });
  await reach('before-publish', job);
  await attempt.close();
  // Only this commit makes the archive visible, and only if the attempt still holds the job.
  await complete(context, attempt, { finalPath: filename, ...written }, (tx) =>
    insertArchive(tx, {
      id: filename,
      jobId: job.id,
      profileId: job.profile_id ?? '',
      physicalPath,
      createdBy: job.created_by,
      ...written,
    }),
  );
  await removeAttempts(context, job.id, job.attempt);
}

async function exportRemotely(
  context: PackagerContext,
  attempt: Attempt,
  archive: Archive,
  profileName: string,
): Promise<void> {
  const { job } = attempt;
  const path = job.target_path ?? '';
  // Only the server knows whether a path without a slash at its end is a folder; then the last part of the path, which
  // the job was named after, is the name of that folder and not one for the archive.
  const named = path !== '' && !path.endsWith('/');
  const unkept = named ? archiveName(profileName, job.created_at) : (job.filename ?? '');
  const ourName = job.archive_name ?? unkept;
  const delivered = await deliver(context, attempt, archive, ourName);
  await reach('after-publish', job);
  await attempt.close();
  // Told only when the job does not end well: a cancel may come too late for what others can see already.
  attempt.notes.push(
    `The archive lies complete at ${delivered.finalPath}; it was there before the job was stopped.`,
  );
  await complete(context, attempt, { ...delivered, filename: posix.basename(delivered.finalPath) });
}

async function complete(
  context: PackagerContext,
  attempt: Attempt,
  result: Pick<Outcome, 'filename' | 'finalPath' | 'size' | 'sha256' | 'notes'>,
  publish: (tx: Queryable) => Promise<void> = async () => {},
): Promise<void> {
  const { job } = attempt;
  await context.db.transaction(async (tx) => {
    const held = endJob(tx, job.id, job.attempt, { state: 'Complete', step: 'done', ...result });
    const published = publish(tx);
    // A successor may have published under this name: then this attempt has lost the job, and that is what is told.
    published.catch(() => {});
    if (!(await held)) throw new Problem('attempt_lost');
    await published;
    await reach('before-commit', job);
  });
  await reach('after-commit', job);
}

/**
 * Removes what this attempt wrote, unless it was published: a commit whose answer got lost looks like a
 * failure. Its folder is its own, so this is right even when the job went to somebody else.
 */
export async function cleanExport(context: PackagerContext, attempt: Attempt): Promise<void> {
  const folder = join('exports', attempt.job.id, String(attempt.job.attempt));
  if (!attempt.cancelled && (await isPublished(context.db, join(folder, attempt.job.filename ?? '')))) return;
  await rm(join(context.store.root, folder), { recursive: true, force: true });
}

/** Removes the folders of a job's attempts but the one that was published. */
async function removeAttempts(context: PackagerContext, jobId: string, published: number): Promise<void> {
  const folder = join(context.store.root, 'exports', jobId);
  for (const name of await readdir(folder)) {
    if (name !== String(published)) await rm(join(folder, name), { recursive: true, force: true });
  }
}
