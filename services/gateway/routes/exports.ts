/**
 * `GET /osImages/{x}`: starts an export when x is a profile, sends a file when x is the name of a finished
 * archive (contract, sections 7.1, 7.2 and C-4: profile ids contain a bar, archive names end in .tar.gz and
 * contain none, so one never hides the other).
 */
import { kindOfId } from '@osimage/database';
import { notFound, Problem } from '@osimage/errors';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { App } from '../app-types.ts';
import { refuseForgery } from '../auth/forgery.ts';
import { requirePrivilege } from '../auth/privileges.ts';
import {
  archiveSuffix,
  checksumSuffix,
  type DownloadServices,
  readContents,
  sendArchive,
  sendChecksum,
} from '../downloads/archive-download.ts';
import { requireLicence } from '../licence.ts';
import { requireObjectId } from '../object-id.ts';
import { callFor } from '../packager-call.ts';
import { ExportQuery, ObjectParams } from '../schemas/exports.ts';
import { IdempotencyKey } from '../schemas/headers.ts';
import type { GatewayServices } from '../services.ts';

/** `counts` is told what is sent, and of every download that meets a damaged archive. */
export function registerExportRoutes(
  app: App,
  gateway: GatewayServices,
  counts: Pick<DownloadServices, 'traffic' | 'onDamage'>,
): void {
  const services = { ...gateway, ...counts };
  const options = {
    config: { stringMessages: true },
    onRequest: requirePrivilege('lxc-osdeploy-create-import-export-edit-os-files'),
    schema: {
      tags: ['exports'],
      summary: 'Export a profile, or fetch an archive',
      description:
        'With the id of a profile it starts an export job. With the name of a finished archive it answers the archive, ' +
        'with `.sha256` after the name its checksum line.',
      params: ObjectParams,
      querystring: ExportQuery,
    },
  };

  const exporting = {
    ...options,
    config: { ...options.config, action: 'profile.export' },
    schema: { ...options.schema, headers: IdempotencyKey },
  };
  app.get('/osImages/:id', exporting, async (request, reply) => {
    const { id } = request.params;
    if (wantsContents(request.query)) {
      request.audit.action = 'archive.contents';
      return await readContents(services, archiveOf(id));
    }
    if (isFileName(id)) request.audit.action = 'archive.download';
    const download = sendFile(services, id, request, reply);
    if (download) return download;
    // It starts a job although it is a GET (contract, 2.3).
    refuseForgery(request);
    requireLicence(services.settings);
    const { serverId = '', path = '' } = request.query;
    return await startExport(services, { id, serverId, path }, request);
  });

  // Starts nothing, whatever it is asked about (contract, 7.1).
  const summary = 'Look at a profile or an archive';
  const looking = { ...options, schema: { ...options.schema, summary, description: 'Starts nothing.' } };
  app.head('/osImages/:id', looking, async (request, reply) => {
    const { id } = request.params;
    if (wantsContents(request.query)) {
      await readContents(services, archiveOf(id));
      return reply.type('application/json; charset=utf-8').send();
    }
    const download = sendFile(services, id, request, reply);
    if (download) return download;
    const kind = await kindOfId(services.db, requireObjectId(id, 'profile'));
    if (kind === 'image') throw new Problem('base_image_not_exportable', { id });
    if (kind !== 'profile') throw notFound('profile', id);
    return reply.type('application/json; charset=utf-8').send();
  });
}

function wantsContents({ contents }: { contents?: string }): boolean {
  return contents?.toLowerCase() === 'true';
}

/** Gives the name of an archive; throws Problem invalid_request for what cannot be one: a profile has no contents yet. */
function archiveOf(id: string): string {
  if (!id.includes('|') && id.endsWith(archiveSuffix)) return requireObjectId(id, 'archive');
  throw new Problem('invalid_request', {
    detail: `contents=true goes with the name of an archive, which ends in ${archiveSuffix}.`,
  });
}

function isFileName(id: string): boolean {
  return (
    !id.includes('|') && (id.endsWith(archiveSuffix) || id.endsWith(`${archiveSuffix}${checksumSuffix}`))
  );
}

/** Answers when `id` is a file name; otherwise undefined. */
function sendFile(
  services: DownloadServices,
  id: string,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> | undefined {
  if (!isFileName(id)) return undefined;
  if (id.endsWith(archiveSuffix)) {
    return sendArchive(services, requireObjectId(id, 'archive'), request, reply);
  }
  const name = requireObjectId(id.slice(0, -checksumSuffix.length), 'archive');
  return sendChecksum(services, name, reply);
}

async function startExport(
  { packager }: GatewayServices,
  order: { id: string; serverId: string; path: string },
  request: FastifyRequest,
) {
  const profileId = requireObjectId(order.id, 'profile');
  const serverId = order.serverId && requireObjectId(order.serverId, 'remote file server');
  const idempotencyKey = keyOf(request);
  const accepted = await packager.startExport(
    { profileId, serverId, path: order.path, idempotencyKey },
    callFor(request),
  );
  return {
    filename: accepted.filename,
    jobID: accepted.jobId,
    jobId: accepted.jobId,
    result: 'success',
    // Strings on this call only (contract, 7.1).
    messages: accepted.remarks,
  };
}

/** The Idempotency-Key, empty when there is none; the packager checks it. Throws Problem invalid_request. */
function keyOf(request: FastifyRequest): string {
  const key = request.headers['idempotency-key'];
  if (key === '') throw new Problem('invalid_request', { detail: 'The Idempotency-Key is empty.' });
  return String(key ?? '');
}
