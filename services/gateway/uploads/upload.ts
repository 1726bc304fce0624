/**
 * One upload, from the request to the started import: the file is streamed to the store's staging folder, the
 * packager is told, and whatever goes wrong leaves nothing behind (contract, section 5.2).
 */
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { interruptImports } from '@osimage/database';
import { type ErrorCode, Problem, systemCode } from '@osimage/errors';
import { checkFileName } from '@osimage/os-media';
import type { FastifyRequest } from 'fastify';
import { imageTypeName } from '../image-types.ts';
import type { Traffic } from '../metrics/traffic.ts';
import { callFor } from '../packager-call.ts';
import type { GatewayServices } from '../services.ts';
import { readForm } from './form.ts';
import { handOver } from './hand-over.ts';
import { holdLease } from './lease.ts';
import { checkOrder, onConflicts, type UploadOrder } from './order.ts';
import { refuseLargeBody, refuseLargeFile } from './size-limit.ts';
import { UploadSpace } from './space.ts';
import { StagingWriter } from './staging-file.ts';

/** The import is over after these: the file is not whole. After others it waits for a better try. */
const fatal: ReadonlySet<ErrorCode> = new Set([
  'upload_cut_off',
  'upload_size_mismatch',
  'upload_too_large',
  'no_space',
  'quota_exceeded',
  'store_unwritable',
]);
/** Whether the import was started is not known after these, so its file stays; the packager's sweeper decides. */
const uncertain: ReadonlySet<ErrorCode> = new Set(['unavailable', 'deadline_exceeded']);

/**
 * Takes the file in the body of `request`, or the text it brought as `content`, and starts its import. Throws Problem
 * not_found, not_owner, job_not_waiting, invalid_request, bad_name, wrong_extension, option_not_supported, upload_cut_off,
 * upload_size_mismatch, upload_too_large, no_space, quota_exceeded or store_unwritable; what had come is removed then.
 */
export async function receiveUpload(
  services: GatewayServices & { readonly traffic: Traffic },
  order: UploadOrder,
  request: FastifyRequest,
  content?: string,
): Promise<void> {
  const { packager, storeRoot, log } = services;
  const { jobId } = order;
  const call = callFor(request);
  const upload = { announced: await checkOrder(services, order, call.user, content), received: 0 };
  const bodyBytes = Number(request.headers['content-length'] ?? 0);
  refuseLargeBody(bodyBytes, services.settings.UPLOAD_BYTES_MOST);
  await mkdir(join(storeRoot, 'staging'), { recursive: true, mode: 0o700 });
  const space = new UploadSpace(services, jobId);
  await space.claim(upload.announced || bodyBytes);
  const silenceMs = services.settings.UPLOAD_LEASE * 1000;
  const lease = await holdLease({ packager, jobId, call, log, silenceMs, received: () => upload.received });
  try {
    const path = join(storeRoot, 'staging', jobId);
    const file = await createStaging(path, jobId);
    try {
      const name =
        content === undefined
          ? await receive(file, order, { upload, space }, request, lease.signal, services)
          : await keepText(file, order, { upload, space }, content);
      const onConflict = onConflicts[order.onConflict];
      await handOver(packager, { ...order, onConflict, name, size: upload.received }, call);
    } catch (error) {
      const code = error instanceof Problem ? error.code : 'internal';
      if (!uncertain.has(code)) await rm(path, { force: true });
      if (fatal.has(code)) await abandon(services, jobId, upload.received, request, error as Problem);
      throw error;
    }
  } finally {
    await lease.stop();
  }
}

/** An upload on its way. */
interface Arriving {
  readonly upload: { readonly announced: number; received: number };
  readonly space: UploadSpace;
}

async function createStaging(path: string, jobId: string): Promise<FileHandle> {
  try {
    return await open(path, 'wx', 0o600);
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
    throw new Problem('job_not_waiting', { id: jobId, state: 'receiving one already' }, { cause: error });
  }
}

/** Writes a text that came in JSON into the file, in UTF-8, closes it, and gives the name it was sent under. */
async function keepText(
  file: FileHandle,
  order: UploadOrder,
  { upload, space }: Arriving,
  content: string,
): Promise<string> {
  try {
    upload.received = Buffer.byteLength(content);
    if (upload.announced > 0 && upload.received !== upload.announced) throw sizeMismatch(upload);
    await file.writeFile(content);
  } catch (error) {
    throw await space.problemOf(error);
  } finally {
    await file.close();
  }
  return order.imageName;
}

/** Reads the form into the file, closes it, and gives the name of what was uploaded. */
async function receive(
  file: FileHandle,
  order: UploadOrder,
  { upload, space }: Arriving,
  request: FastifyRequest,
  signal: AbortSignal,
  { settings, traffic }: Pick<GatewayServices, 'settings'> & { readonly traffic: Traffic },
): Promise<string> {
  let name = order.imageName;
  const writer = new StagingWriter(file);
  try {
    await readForm(request.raw, {
      signal,
      begin: (partName) => {
        if (name !== '') return;
        name = partName;
        checkFileName(imageTypeName(order.imageType), name, order.os);
      },
      write: (bytes) => {
        upload.received += bytes.length;
        traffic.received(bytes.length);
        // More than was announced: no need to wait for the end of it.
        if (upload.announced > 0 && upload.received > upload.announced) throw sizeMismatch(upload);
        refuseLargeFile(upload.received, settings.UPLOAD_BYTES_MOST);
        const claiming = space.grow(upload.received);
        return claiming ? claiming.then(() => writer.write(bytes)) : writer.write(bytes);
      },
      cutOff: () => new Problem('upload_cut_off', { received: upload.received }),
    });
    await writer.finish();
  } catch (error) {
    throw await space.problemOf(error);
  } finally {
    await writer.settle();
    await file.close();
  }
  if (upload.announced > 0 && upload.received !== upload.announced) throw sizeMismatch(upload);
  return name;
}

function sizeMismatch(upload: { announced: number; received: number }): Problem {
  return new Problem('upload_size_mismatch', { expected: upload.announced, received: upload.received });
}

/** Ends the job, so that it says what happened. The lease ends it when the packager cannot be told. */
async function abandon(
  { packager, db }: GatewayServices,
  jobId: string,
  bytesReceived: number,
  request: FastifyRequest,
  problem: Problem,
): Promise<void> {
  try {
    // Not that the upload broke off, but why; then the packager has nothing left to say.
    if (problem.entry.http === 507) await interruptImports(db, problem, jobId);
    await packager.abandonImport({ jobId, bytesReceived }, callFor(request));
  } catch (error) {
    request.log.warn({ err: error, jobId }, 'a broken-off upload could not be reported');
  }
}
