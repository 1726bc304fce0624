/** Accepting an export: the job, its snapshot and its queue entry are one transaction. */
import { randomUUID } from 'node:crypto';
import { archiveSize, buildMetadata, memberPath, type ProfileSnapshot } from '@osimage/archive';
import { ENCODER, requireRoomFor } from '@osimage/blob-store';
import {
  insertJob,
  isImage,
  type ProfileFile,
  type ProfileSource,
  type Queryable,
  readProfile,
  saveAnswer,
  saveSnapshot,
  takeKey,
} from '@osimage/database';
import { notFound, Problem } from '@osimage/errors';
import { customizationOptions } from '@osimage/os-media';
import { normaliseTargetPath } from '@osimage/outbound';
import type { PackagerContext } from '../context.ts';
import { takeArchiveName } from './archive-name.ts';
import { requireLicence } from './licence.ts';
import { isSmall } from './size-class.ts';
import { beginInLine, callNext } from './slots.ts';

export interface ExportOrder {
  profileId: string;
  /** Empty: the archive stays here. */
  serverId: string;
  path: string;
  user: string;
  requestId: string;
  /** A caller that hangs up before the commit gets no job. */
  signal: AbortSignal;
}

/** What a caller's Idempotency-Key may be; empty for none. */
const idempotencyKey = /^[\x21-\x7e]{0,200}$/;

export interface AcceptedExport {
  jobId: string;
  filename: string;
  remarks: string[];
}

/** An export in a transaction that is not committed, and what it takes of the store: bytes. */
export interface CreatedExport {
  accepted: AcceptedExport;
  claimed: number;
}

/**
 * Creates an export job of what the profile is now. When this returns, the job is committed and will run. A second
 * order of one user with the same key gives the job of the first.
 * Throws Problem licence_expired, not_found, base_image_not_exportable, invalid_request (path, key),
 * idempotency_key_reused, no_space or quota_exceeded.
 */
export async function startExport(
  context: PackagerContext,
  order: ExportOrder & { idempotencyKey: string },
): Promise<AcceptedExport> {
  const { idempotencyKey: key, user, profileId, serverId, path } = order;
  if (!idempotencyKey.test(key)) {
    throw new Problem('invalid_request', {
      detail: 'An Idempotency-Key has 1 to 200 visible ASCII characters and no spaces.',
    });
  }
  const accepted = await context.db.transaction(
    async (tx) => {
      if (key === '') return await create(context, tx, order);
      const earlier = await takeKey<AcceptedExport>(tx, user, key, [profileId, serverId, path]);
      if (earlier) return earlier;
      return await create(context, tx, order, (answer) => saveAnswer(tx, user, key, answer));
    },
    { readsFirst: key === '' },
  );
  // A slot may have become free before anybody could see that this job waits for one.
  if (serverId) await callNext(context, [serverId]);
  return accepted;
}

async function create(
  context: PackagerContext,
  tx: Queryable,
  order: ExportOrder,
  keep: (accepted: AcceptedExport) => Promise<void> = async () => {},
): Promise<AcceptedExport> {
  const { accepted, claimed } = await createExport(context, tx, order);
  await keep(accepted);
  await requireRoomFor(tx, context.store, [accepted.jobId], claimed);
  return accepted;
}

/** As startExport, inside a transaction, without a key, and without asking whether it fits. */
export async function createExport(
  context: PackagerContext,
  tx: Queryable,
  order: ExportOrder,
): Promise<CreatedExport> {
  const { queue, settings } = context;
  requireLicence(settings);
  const path = order.serverId ? normaliseTargetPath(order.path) : '';
  const remarks = order.path && !order.serverId ? ['path was ignored, because there is no serverId.'] : [];
  const found = await readProfile(tx, order.profileId);
  if (!found) throw await whyNotExportable(tx, order.profileId);
  const small = isSmall(found.files.reduce((sum, file) => sum + file.size, 0));
  const begin = order.serverId ? await beginInLine(context, tx, order.serverId, small) : undefined;
  const named = path !== '' && !path.endsWith('/') ? path.slice(path.lastIndexOf('/') + 1) : undefined;
  const now = new Date();
  // Also where the path seems to name a file: it may be a folder, where archives must not get each other's names.
  const ourName = await takeArchiveName(tx, found.profile.name, now);
  const filename = named ?? ourName;
  const metadata = buildMetadata(toSnapshot(found.profile, found.files));
  // What goes elsewhere takes nothing here.
  const claimed = order.serverId ? 0 : sizeOf(metadata, found.files);
  const queueId = randomUUID();
  const jobId = await insertJob(tx, {
    kind: 'export',
    title: `Export OS-image profile ${found.profile.name}`,
    createdBy: order.user,
    requestId: order.requestId,
    profileId: order.profileId,
    filename,
    archiveName: ourName,
    queueId,
    spaceClaimed: claimed,
    small,
    ...(begin && { slotLine: begin.slotLine, step: begin.step }),
    ...(order.serverId && { serverId: order.serverId, targetPath: path }),
  });
  const digests = found.files.map((file) => file.sha256);
  await Promise.all([
    saveSnapshot(tx, jobId, metadata, digests),
    queue.add(tx, queueId, jobId, begin?.entry ?? { small }),
  ]);
  order.signal.throwIfAborted();
  return { accepted: { jobId, filename, remarks }, claimed };
}

/** Bytes of the archive, exactly; of content that is not there, which the job will tell, none. */
function sizeOf(metadata: string, files: readonly ProfileFile[]): number {
  const members = files.flatMap(({ kind, name, sha256, size, packedSize }) =>
    packedSize === null ? [] : [{ path: memberPath(kind, sha256, name), sha256, rawSize: size, packedSize }],
  );
  return archiveSize(metadata, members);
}

async function whyNotExportable(tx: Queryable, id: string): Promise<Problem> {
  if (await isImage(tx, id)) return new Problem('base_image_not_exportable', { id });
  return notFound('profile', id.slice(0, 200));
}

function toSnapshot(profile: ProfileSource, files: readonly ProfileFile[]): ProfileSnapshot {
  return {
    encoder: ENCODER,
    baseImage: {
      id: profile.image_id,
      name: profile.image_name,
      os: profile.os,
      osrelease: profile.osrelease,
      arch: profile.arch,
      sha256: profile.image_sha256,
      size: profile.image_size,
    },
    profile: {
      id: profile.id,
      name: profile.name,
      description: profile.description,
      kind: profile.kind,
      baseProfileId: profile.base_id,
    },
    customizationOptions:
      profile.kind === 'predefined' ? null : customizationOptions(profile.family, files, profile.location),
    files,
  };
}
