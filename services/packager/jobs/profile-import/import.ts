/**
 * The import of an archive of ours, the reverse of an export. It is read twice: once to verify every byte of it, and
 * only then once more to store its files. Nothing is kept before all of it matched, and the rows come in with the end of
 * the job, all or none.
 */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import {
  identifyArchive,
  type Metadata,
  readMembers,
  type VerifyReport,
  verifyArchive,
} from '@osimage/archive';
import { addKnownContent, packedAtMost } from '@osimage/blob-store';
import {
  endJob,
  findBaseImage,
  findBlobSizes,
  type ImportedProfile,
  type ImportParameters,
  pinForAttempt,
  writeImportedProfile,
} from '@osimage/database';
import { Problem, systemCode } from '@osimage/errors';
import type { PackagerContext } from '../../context.ts';
import { byteSteps, reach } from '../../steps.ts';
import type { Attempt } from '../attempt.ts';
import { planProfile } from './plan.ts';
import { archivedProfile, checkSource } from './rules.ts';

/** Bytes; a profile of 10,000 files has 5 MB. What is larger could fill the memory before a byte was checked. */
const metadataMost = 16 * 1024 * 1024;
/** Deflate makes no more of a byte (RFC 1951: 258 bytes of two bits); what claims more is a bomb. */
const ratioMost = 1032;
const triesMost = 5;

/** An archive with what this installation knows of it. */
interface Archive {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly metadata: Metadata;
  readonly profile: ImportedProfile;
  readonly arch: string;
}

/**
 * Imports the archive in the staging file at `path`, or only checks it. Throws Problem archive_foreign,
 * archive_refused, archive_damaged, predefined_not_importable, base_image_missing, base_image_differs, conflict, in_use
 * no_space or quota_exceeded; then nothing has changed.
 */
export async function importProfile(
  context: PackagerContext,
  attempt: Attempt,
  parameters: ImportParameters,
  path: string,
): Promise<void> {
  const { db } = context;
  const { signal } = attempt;
  const onConflict = parameters.onConflict ?? 'fail';
  attempt.step('checking');
  const archive = await open(context, path, signal);
  // What cannot come in need not be read to its end.
  await db.transaction((tx) => planProfile(tx, archive.profile, archive.arch, onConflict));
  await claimSpace(context, attempt, archive, parameters.check === true);

  attempt.step('verifying');
  // Two passes over the same bytes: each is half of the work.
  const report = await verifyArchive(createReadStream(path, { highWaterMark: 1024 * 1024, signal }), {
    signal,
    onProgress: (bytes) => attempt.progress(Math.floor(bytes / 2)),
  });
  for (let tries = 1; ; tries++) {
    try {
      await comeIn(context, attempt, archive, parameters, report);
      return;
    } catch (error) {
      // Somebody took an id meanwhile, or waited for what this import holds: the next plan takes that into account.
      if (!(error instanceof TakenMeanwhile) && systemCode(error) !== '40P01') throw error;
      if (tries === triesMost)
        throw new Problem('conflict', {
          detail: `Others keep taking ids that ${archive.profile.id} has; import it again.`,
        });
    }
  }
}

class TakenMeanwhile extends Error {}

/** Everything after the verification: what is still to be stored, then the rows and the end of the job. */
async function comeIn(
  context: PackagerContext,
  attempt: Attempt,
  archive: Archive,
  { check, onConflict = 'fail' }: ImportParameters,
  report: VerifyReport,
): Promise<void> {
  const { db } = context;
  const { job } = attempt;
  const { profile, arch } = archive;
  const planned = await db.transaction((tx) => planProfile(tx, profile, arch, onConflict));
  const store = !planned.present && !check;
  if (store) {
    attempt.step('packing');
    await storeFiles(context, attempt, archive);
  }
  await reach('before-publish', job);
  await db.transaction(async (tx) => {
    const plan = await planProfile(tx, profile, arch, onConflict);
    if (!plan.present && !check) {
      // Without its content, which was here with the profile a moment ago, it cannot come in.
      if (!store) throw new TakenMeanwhile();
      if (!(await writeImportedProfile(tx, { ...plan, user: job.created_by }))) throw new TakenMeanwhile();
    }
    const held = await endJob(tx, job.id, job.attempt, {
      state: 'Complete',
      step: check ? 'checked, nothing was kept' : plan.present ? 'done, it was here already' : 'done',
      size: report.size,
      sha256: report.sha256,
      objectId: plan.profile.id,
    });
    if (!held) throw new Problem('attempt_lost');
    await reach('before-commit', job);
  });
}

async function open(context: PackagerContext, path: string, signal: AbortSignal): Promise<Archive> {
  const { metadata } = await identifyArchive(createReadStream(path, { signal }), {
    mostBytes: metadataMost,
    signal,
  });
  checkSource(metadata);
  const { id, sha256, size } = metadata.baseImage;
  const image = await findBaseImage(context.db, id);
  if (!image) throw new Problem('base_image_missing', { id, sha256, size });
  if (image.sha256 !== sha256) throw new Problem('base_image_differs', { id, sha256, found: image.sha256 });
  const { size: archiveSize } = await stat(path);
  return { path, size: archiveSize, metadata, profile: archivedProfile(metadata, image), arch: image.arch };
}

/** Space for the sizes an archive claims, before anything is unpacked; none when it is only checked. */
async function claimSpace(
  { db, store }: PackagerContext,
  attempt: Attempt,
  { size, metadata }: Archive,
  check: boolean,
): Promise<void> {
  const contents = new Map(metadata.files.map((file) => [file.sha256, file.size]));
  const claimed = sum(contents.values());
  if (!Number.isSafeInteger(claimed) || claimed > size * ratioMost) {
    const detail = `its ${size} bytes cannot hold the ${claimed} bytes it claims`;
    throw new Problem('archive_damaged', { detail });
  }
  if (check) return;
  for (const known of (await findBlobSizes(db, [...contents.keys()])).keys()) contents.delete(known);
  // The archive itself is in the staging folder.
  await attempt.claim(store, size + packedAtMost(sum(contents.values())), size);
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}

/** Stores what is not here yet, packed by this encoder as any upload is; the job pins it until the rows refer to it. */
async function storeFiles(
  { db, store }: PackagerContext,
  attempt: Attempt,
  { path, size, metadata }: Archive,
): Promise<void> {
  const { job, signal } = attempt;
  const byPath = new Map(metadata.files.map((file) => [file.path, file]));
  const stream = createReadStream(path, { highWaterMark: 1024 * 1024, signal });
  const reached = byteSteps(size, job);
  for await (const member of readMembers(stream, signal)) {
    const file = byPath.get(member.path);
    if (!file) continue;
    const known = { sha256: file.sha256, rawSize: file.size };
    let written = false;
    attempt.staged.add(file.sha256);
    await addKnownContent(
      store,
      db,
      member.content,
      known,
      async (tx) => {
        if (!(await pinForAttempt(tx, job.id, job.attempt, file.sha256))) throw new Problem('attempt_lost');
      },
      {
        signal,
        // Claimed for all of them together; from now on the blob counts by itself.
        room: async () => {
          written = true;
        },
      },
    );
    if (written) attempt.release(packedAtMost(file.size));
    attempt.progress(Math.floor((size + stream.bytesRead) / 2));
    await reached(stream.bytesRead);
  }
}
