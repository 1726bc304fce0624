/** Answers with a finished archive, or a part of it, or with the line that `sha256sum -c` wants. */
import { type FileHandle, open } from 'node:fs/promises';
import type { OutgoingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { readMetadata } from '@osimage/archive';
import { type ArchiveRow, findArchive } from '@osimage/database';
import { Problem, systemCode } from '@osimage/errors';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { GatewayServices } from '../services.ts';
import { allowsRange, etagOf, isUnchanged } from './conditions.ts';
import { parseRange } from './range.ts';
import { writeFile } from './write-file.ts';

/** Of an archive's file name. */
export const archiveSuffix = '.tar.gz';
export const checksumSuffix = '.sha256';

type Services = Pick<GatewayServices, 'db' | 'storeRoot'>;

/** Gives the archive of a file name; throws Problem not_found, or archive_gone with when and why. */
async function requireArchive(db: GatewayServices['db'], name: string): Promise<ArchiveRow> {
  const archive = await findArchive(db, name);
  if (!archive) throw new Problem('not_found', { what: 'archive', id: name });
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
 * of RFC 9530, Content-Disposition of RFC 6266. Throws Problem not_found, archive_gone, archive_damaged or
 * range_not_satisfiable.
 */
export async function sendArchive(
  services: Services,
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

  const file = await openArchive(services, archive);
  try {
    const { start, end } = range ?? { start: 0, end: archive.size - 1 };
    if (range) reply.code(206).header('content-range', `bytes ${start}-${end}/${archive.size}`);
    reply.header('content-length', String(end - start + 1));
    if (request.method === 'HEAD') return reply.send();
    // Before the first byte: who has it must be known.
    await request.recordAudit(reply.statusCode);
    reply.hijack();
    reply.raw.writeHead(reply.statusCode, reply.getHeaders() as OutgoingHttpHeaders);
    await writeFile(reply.raw, file, start, end - start + 1);
  } catch (error) {
    // The headers are out: all that is left is the log, and the connection, which is cut off.
    if (!reply.sent) throw error;
    request.log.error({ err: error, archive: name }, 'download failed');
  } finally {
    await file.close();
  }
  return reply;
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
