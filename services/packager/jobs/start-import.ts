/** An import up to the point where it runs: created, kept alive while its file arrives, fed or given up. */
import { randomUUID } from 'node:crypto';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { importClaim, requireRoomFor } from '@osimage/blob-store';
import {
  feedImport,
  type ImportParameters,
  insertJob,
  interruptImports,
  lockImport,
  type Queryable,
  type RemotePath,
  renewImport as renewLease,
  saveClaim,
  unlessHeld,
} from '@osimage/database';
import { Problem, systemCode } from '@osimage/errors';
import { checkFileName, familyOf } from '@osimage/os-media';
import { normaliseTargetPath } from '@osimage/outbound';
import type { PackagerContext } from '../context.ts';
import { isSmall } from './size-class.ts';
import { beginInLine, callNext } from './slots.ts';

/** Where the file of an import arrives, relative to the store's folder. */
export function stagingPath(jobId: string): string {
  return join('staging', jobId);
}

export interface ImportOrder {
  imageType: string;
  /** Bytes, 0 when not known. */
  fileSize: number;
  /** The file may come as text in a request. */
  byContent?: boolean;
  user: string;
  requestId: string;
}

/**
 * Creates an import that waits for its file. Throws Problem no_space or quota_exceeded when the announced file cannot
 * fit, or invalid_request (content of a type that only comes as a file).
 */
export async function createImport(
  context: PackagerContext,
  order: ImportOrder,
): Promise<{ jobId: string; stagingPath: string }> {
  const { imageType, fileSize, byContent = false } = order;
  if (byContent && imageType !== 'UNATTEND' && imageType !== 'CONFIG') {
    const detail = 'Only files of the types UNATTEND and CONFIG can be imported by content.';
    throw new Problem('invalid_request', { detail });
  }
  const spaceClaimed = importClaim(fileSize);
  const jobId = await context.db.transaction(async (tx) => {
    const id = await insertJob(tx, {
      kind: 'import',
      title: `Import ${imageType} file`,
      createdBy: order.user,
      requestId: order.requestId,
      import: { imageType, fileSize, byContent },
      leaseMs: context.settings.UPLOAD_LEASE * 1000,
      spaceClaimed,
    });
    await requireRoomFor(tx, context.store, [id], spaceClaimed);
    return id;
  });
  return { jobId, stagingPath: stagingPath(jobId) };
}

/** Says that bytes are still arriving. False: nobody wants them any more. */
export async function renewImport(context: PackagerContext, jobId: string, bytes: number): Promise<boolean> {
  return await renewLease(context.db, jobId, context.settings.UPLOAD_LEASE * 1000, bytes);
}

/** What to import: the staging file, or with a serverId the file at `path` there. */
export type StartOrder = ImportParameters & Partial<RemotePath>;

/**
 * Hands the file over to the workers, in one transaction with the queue entry. Its name and size are checked
 * here, its content by the job, which also fetches it where it is remote.
 * Throws Problem job_not_waiting, wrong_extension, bad_name, upload_size_mismatch or upload_cut_off; of a remote
 * file not_found (no such server), invalid_request (path), no_space or quota_exceeded.
 */
export async function startImport(
  context: PackagerContext,
  jobId: string,
  { serverId = '', path = '', ...parameters }: StartOrder,
  user: string,
): Promise<void> {
  const remote = serverId === '' ? undefined : { serverId, path: filePath(path) };
  checkFileName(parameters.imageType, parameters.name, parameters.os);
  if (
    parameters.imageType !== 'OSPROFILE' &&
    (parameters.check || (parameters.onConflict ?? 'fail') !== 'fail')
  ) {
    const detail = 'onConflict and check are for files of the type OSPROFILE only.';
    throw new Problem('invalid_request', { detail });
  }
  if (parameters.os && familyOf(parameters.os) === undefined) {
    throw new Problem('os_not_supported', { found: `The operating system ${parameters.os.slice(0, 40)}` });
  }
  const received = await sizeOf(join(context.store.root, stagingPath(jobId)));
  await context.db.transaction(async (tx) => {
    const job = await lockImport(tx, jobId);
    if (job.created_by !== user) throw new Problem('not_owner', { id: jobId });
    if (!job.waiting) throw new Problem('job_not_waiting', { id: jobId, state: job.state });
    if (job.import.imageType !== parameters.imageType) {
      throw new Problem('invalid_request', {
        detail: `Import job ${jobId} was created for type ${job.import.imageType}, not ${parameters.imageType}.`,
      });
    }
    if (remote === undefined) checkReceived(received, parameters.size, job.import.fileSize);
    const size = remote ? job.import.fileSize : parameters.size;
    // Of a remote file nothing may be known.
    const small = size > 0 && isSmall(size);
    const begin = remote && (await beginInLine(context, tx, serverId, small));
    const queueId = randomUUID();
    await feedImport(
      tx,
      jobId,
      queueId,
      `Import ${parameters.imageType} file ${parameters.name}`,
      { ...parameters, size },
      { remote, small, ...(begin && { slotLine: begin.slotLine, step: begin.step }) },
    );
    await context.queue.add(tx, queueId, jobId, begin?.entry ?? { small });
    await claimAtStart(context, tx, jobId, size, remote !== undefined);
  });
  if (remote) await callNext(context, [serverId]);
}

/** An upload has its space already; what is fetched needs it now as when it was announced. */
async function claimAtStart(
  { store }: PackagerContext,
  tx: Queryable,
  jobId: string,
  size: number,
  isRemote: boolean,
): Promise<void> {
  const claimed = importClaim(size);
  await saveClaim(tx, jobId, { claimed, written: isRemote ? 0 : size });
  if (isRemote) await requireRoomFor(tx, store, [jobId], claimed);
}

function checkReceived(received: number | undefined, told: number, announced: number): void {
  if (received === undefined || received !== told)
    throw new Problem('upload_cut_off', { received: received ?? 0 });
  if (announced > 0 && announced !== received)
    throw new Problem('upload_size_mismatch', { expected: announced, received });
}

/** The path of a file on a remote file server; throws Problem invalid_request. */
function filePath(path: string): string {
  const clean = normaliseTargetPath(path);
  if (clean === '' || clean.endsWith('/'))
    throw new Problem('invalid_request', { detail: 'The path must name a file on the remote file server.' });
  return clean;
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Ends an import whose upload broke off, and removes what had arrived. */
export async function abandonImport(
  context: PackagerContext,
  jobId: string,
  received: number,
  user: string,
): Promise<void> {
  await context.db.transaction(async (tx) => {
    const job = await lockImport(tx, jobId);
    if (job.created_by !== user) throw new Problem('not_owner', { id: jobId });
    await interruptImports(tx, new Problem('upload_cut_off', { received }), jobId);
  });
  await removeStaging(context, jobId);
}

/** Removes the staging file of an import, if there is one; while a backup copies the store it stays, for the sweeper. */
export async function removeStaging(context: PackagerContext, jobId: string): Promise<void> {
  await unlessHeld(context.db, () => rm(join(context.store.root, stagingPath(jobId)), { force: true }));
}
