/** Answers with a finished archive, or a part of it, or with the line that `sha256sum -c` wants. */
import { type FileHandle, open } from 'node:fs/promises';
import type { OutgoingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { CheckedFile, readMetadata } from '@osimage/archive';
import { type ArchiveRow, findArchive, findChunks, markArchive } from '@osimage/database';
import { notFound, Problem, systemCode } from '@osimage/errors';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Traffic } from '../metrics/traffic.ts';
import type { GatewayServices } from '../services.ts';
import { allowsRange, etagOf, isUnchanged } from './conditions.ts';
import { type ByteRange, parseRange } from './range.ts';
import { writeFile } from './write-file.ts';

/** Of an archive's file name. */
export const archiveSuffix = '.tar.gz';
export const checksumSuffix = '.sha256';

export interface DownloadServices extends Pick<GatewayServices, 'db' | 'storeRoot'> {
  readonly traffic: Traffic;
  /** Counts a download that met damage. */
  readonly onDamage: () => void;
}

type Services = Omit<DownloadServices, 'onDamage' | 'traffic'>;

/** Gives the archive of a file name; throws Problem not_found, or archive_gone with when and why. */
export async function requireArchive(db: GatewayServices['db'], name: string): Promise<ArchiveRow> {
  const archive = await findArchive(db, name);
  if (!archive) throw notFound('archive', name);
  if (archive.deleted_at) {
    const when = archive.deleted_at.toISOString();
    throw new Problem('archive_gone', { id: name, why: archive.deleted_reason ?? 'deleted', when });
  }
  return archive;
}

/**
 * The answer to GET of an archive with `contents=true`: its metadata, read from the archive itself, which outlives
 * its job. Throws Problem not_found, archive_gone or archive_damaged.
 */
export async function readContents(services: Services, name: string) {
  const archive = await requireArchive(services.db, name);
  const file = await openArchive(services, archive);
  await file.close();
  const metadata = JSON.parse(await readMetadata(join(services.storeRoot, archive.physical_path))) as object;
  return {
    filename: name,
    size: archive.size,
    sha256: archive.sha256,
    ...metadata,
    result: 'success',
    // Strings on this path only (contract, 7.1).
    messages: [],
  };
}

/** The answer to GET and HEAD of `<archive>.sha256`. */
export async function sendChecksum(
  { db }: Services,
  name: string,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { sha256 } = await requireArchive(db, name);
  return reply.type('text/plain; charset=utf-8').send(`${sha256}  ${name}\n`);
}

/**
 * The answer to GET and HEAD of an archive (contract, section 7.2): ranges and conditions of RFC 9110, digest
 * of RFC 9530, Content-Disposition of RFC 6266. Each chunk is checked before a byte of it is sent; at a damaged one
 * the connection is cut. Throws Problem not_found, archive_gone, archive_damaged or range_not_satisfiable.
 */
export async function sendArchive(
  services: DownloadServices,
  name: string,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const archive = await requireArchive(services.db, name);
  const etag = etagOf(archive.sha256);
  reply.headers({
    'cache-control': 'private, no-cache',
    'accept-ranges': 'bytes',
    etag,
    'repr-digest': `sha-256=:${Buffer.from(archive.sha256, 'hex').toString('base64')}:`,
    'content-disposition': `attachment; filename="${name}"`,
  });
  if (isUnchanged(request.headers, etag)) return reply.code(304).send();
  reply.type('application/gzip');
  // A Range counts with GET only (RFC 9110, 14.2).
  const wanted = request.method === 'GET' && allowsRange(request.headers, etag);
  const range = wanted ? parseRange(request.headers.range, archive.size) : undefined;
  if (range === 'unsatisfiable') {
    reply.header('content-range', `bytes */${archive.size}`);
    throw new Problem('range_not_satisfiable', { size: archive.size });
  }
  try {
    return await sendPart(services, archive, range, request, reply);
  } catch (error) {
    if (error instanceof Problem && error.code === 'archive_damaged')
      await noteDamage(services, archive, error);
    if (!reply.sent) throw error;
    // The headers are out: all that is left is the log, and the connection, which is cut off.
    request.log.error({ err: error, archive: name }, 'download failed');
    return reply;
  }
}

async function sendPart(
  services: DownloadServices,
  archive: ArchiveRow,
  range: ByteRange | undefined,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  if (archive.damage !== null) throw new Problem('archive_damaged', { detail: archive.damage });
  const { start, end } = range ?? { start: 0, end: archive.size - 1 };
  const file = await openArchive(services, archive);
  try {
    const whole = { size: archive.size, chunks: await findChunks(services.db, archive.id) };
    const pieces = new CheckedFile(file, whole, start, end + 1);
    // Before the headers: damage at the very beginning can still be answered in words.
    const first = request.method === 'HEAD' ? undefined : await pieces.read();
    if (range) reply.code(206).header('content-range', `bytes ${start}-${end}/${archive.size}`);
    reply.header('content-length', String(end - start + 1));
    if (request.method === 'HEAD') return await reply.send();
    // Before the first byte: who has it must be known.
    await request.recordAudit(reply.statusCode);
    reply.hijack();
    reply.raw.writeHead(reply.statusCode, reply.getHeaders() as OutgoingHttpHeaders);
    await writeFile(reply.raw, first, pieces, services.traffic.sent);
    return reply;
  } finally {
    await file.close();
  }
}

/** Writes it down, so that the next one hears of it at once; a scrub that finds the file whole takes it back. */
async function noteDamage(services: DownloadServices, archive: ArchiveRow, problem: Problem): Promise<void> {
  services.onDamage();
  if (archive.damage !== null) return;
  // It is logged whatever becomes of this.
  await markArchive(services.db, archive.id, String(problem.params.detail)).catch(() => {});
}

async function openArchive({ db, storeRoot }: Services, archive: ArchiveRow): Promise<FileHandle> {
  let file: FileHandle;
  try {
    file = await open(join(storeRoot, archive.physical_path));
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    // Deleted since its row was read?
    await requireArchive(db, archive.id);
    throw new Problem('archive_damaged', { detail: 'its file is missing from the store' }, { cause: error });
  }
  const { size } = await file.stat();
  if (size === archive.size) return file;
  await file.close();
  throw new Problem('archive_damaged', { detail: `its file has ${size} bytes instead of ${archive.size}` });
}
