/** Accepting an export: the job, its snapshot and its queue entry are one transaction. */
import { randomUUID } from 'node:crypto';
import { buildMetadata, type ProfileSnapshot } from '@osimage/archive';
import { ENCODER } from '@osimage/blob-store';
import {
  findServer,
  insertJob,
  isImage,
  type ProfileFile,
  type ProfileSource,
  type Queryable,
  readProfile,
  saveSnapshot,
  takeFreeId,
} from '@osimage/database';
import { Problem } from '@osimage/errors';
import { customizationOptions } from '@osimage/os-media';
import { normaliseTargetPath } from '@osimage/outbound';
import type { PackagerContext } from '../context.ts';
import { archiveName } from './archive-name.ts';
import { requireLicence } from './licence.ts';

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

export interface AcceptedExport {
  jobId: string;
  filename: string;
  remarks: string[];
}

/**
 * Creates an export job of what the profile is now. When this returns, the job is committed and will run.
 * Throws Problem licence_expired, not_found, base_image_not_exportable or invalid_request (path).
 */
export async function startExport(context: PackagerContext, order: ExportOrder): Promise<AcceptedExport> {
  const { db, queue } = context;
  requireLicence(context.settings);
  const path = order.serverId ? normaliseTargetPath(order.path) : '';
  const remarks = order.path && !order.serverId ? ['path was ignored, because there is no serverId.'] : [];
  return await db.transaction(async (tx) => {
    const found = await readProfile(tx, order.profileId);
    if (!found) throw await whyNotExportable(tx, order.profileId);
    if (order.serverId && !(await findServer(tx, order.serverId))) {
      throw new Problem('not_found', { what: 'remote file server', id: order.serverId.slice(0, 40) });
    }
    const named = path !== '' && !path.endsWith('/') ? path.slice(path.lastIndexOf('/') + 1) : undefined;
    const now = new Date();
    const filename =
      named ?? (await takeFreeId(tx, 'archive', (attempt) => archiveName(found.profile.name, now, attempt)));
    const queueId = randomUUID();
    const jobId = await insertJob(tx, {
      kind: 'export',
      title: `Export OS-image profile ${found.profile.name}`,
      createdBy: order.user,
      requestId: order.requestId,
      profileId: order.profileId,
      filename,
      queueId,
      ...(order.serverId && { serverId: order.serverId, targetPath: path }),
    });
    const digests = found.files.map((file) => file.sha256);
    await saveSnapshot(tx, jobId, buildMetadata(toSnapshot(found.profile, found.files)), digests);
    await queue.add(tx, queueId, jobId);
    order.signal.throwIfAborted();
    return { jobId, filename, remarks };
  });
}

async function whyNotExportable(tx: Queryable, id: string): Promise<Problem> {
  if (await isImage(tx, id)) return new Problem('base_image_not_exportable', { id });
  return new Problem('not_found', { what: 'profile', id: id.slice(0, 200) });
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
