/** Importing: create a job, then hand over its file (contract, section 5). */
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { Problem } from '@osimage/errors';
import type { Static } from 'typebox';
import { success } from '../answers.ts';
import type { App } from '../app-types.ts';
import { requirePrivilege } from '../auth/privileges.ts';
import { readImageType } from '../image-types.ts';
import type { Traffic } from '../metrics/traffic.ts';
import { callFor } from '../packager-call.ts';
import { CreateImportBody, CreateImportQuery, RemoteFile, UploadQuery } from '../schemas/imports.ts';
import type { GatewayServices } from '../services.ts';
import type { UploadOrder } from '../uploads/order.ts';
import { startRemoteImport } from '../uploads/remote-file.ts';
import { receiveUpload } from '../uploads/upload.ts';

/** Twice what a configuration or unattend file may have, since JSON escapes some of it. */
const contentBytes = 8 * 1024 * 1024;

const tags = ['imports'];

import { refuseLargeFile } from '../uploads/size-limit.ts';

export function registerImportRoutes(app: App, services: GatewayServices, traffic: Traffic): void {
  const mayImport = requirePrivilege('lxc-osdeploy-create-import-export-edit-os-files');

  app.post(
    '/osImages',
    {
      onRequest: mayImport,
      config: { action: 'import.create' },
      schema: {
        tags,
        summary: 'Create an import job',
        description: 'Then hand over its file with POST /files/osImages.',
        querystring: CreateImportQuery,
        body: CreateImportBody,
      },
    },
    async (request) => {
      const imageType = readImageType(request.query.imageType);
      // `init` in the reference, `Init` from both official clients (contract, C-13).
      if (request.body.Action.toLowerCase() !== 'init') {
        throw new Problem('invalid_request', { detail: 'The Action must be Init.' });
      }
      const fileSize = Number(request.body.fileSize ?? 0);
      refuseLargeFile(fileSize, services.settings.UPLOAD_BYTES_MOST);
      const byContent = request.query.importByContent ?? false;
      const { jobId } = await services.packager.createImport(
        { imageType, fileSize, byContent },
        callFor(request),
      );
      return success({ jobId });
    },
  );

  // In a scope of its own, where multipart bodies reach the route unread.
  app.register(async (scope) => {
    scope.addContentTypeParser('multipart/form-data', (_request, _body, done) => done(null));
    scope.withTypeProvider<TypeBoxTypeProvider>().post(
      '/files/osImages',
      {
        onRequest: mayImport,
        // Of a text in JSON; a form has no limit of this kind.
        bodyLimit: contentBytes,
        config: { plainQuery: true, action: 'import.upload' },
        schema: {
          tags,
          summary: 'Hand over the file of an import job',
          description:
            'As a form, or as JSON that says where the file is or holds its text. Then watch the job.',
          querystring: UploadQuery,
          body: { content: { 'application/json': { schema: RemoteFile } } },
        },
      },
      async (request) => {
        const order = readOrder(request.query);
        const multipart = /^multipart\/form-data\b/i.test(request.headers['content-type'] ?? '');
        const body = multipart ? undefined : (request.body as Body);
        const remote = remoteFile(body);
        if (remote) await startRemoteImport(services.packager, order, remote, callFor(request));
        else
          await receiveUpload(
            { ...services, traffic },
            order,
            request,
            multipart ? undefined : contentOf(body),
          );
        const { jobId } = order;
        return success({ jobId });
      },
    );
  });
}

function readOrder(query: Static<typeof UploadQuery>): UploadOrder {
  const { jobId, imageName = '', os = '', osrelease = '', description = '' } = query;
  const imageType = readImageType(query.imageType);
  const { onConflict = 'fail', check = false } = query;
  return { jobId, imageType, imageName, os, osrelease, description, onConflict, check };
}

type Body = Static<typeof RemoteFile> | null | undefined;

/** Where the body says the file lies; undefined when it does not. Throws Problem invalid_request for half of it. */
function remoteFile(body: Body): { serverId: string; path: string } | undefined {
  const { serverId, path, content } = body ?? {};
  if (serverId === undefined && path === undefined) return undefined;
  if (serverId && path && content === undefined) return { serverId, path };
  const detail = 'A file on a remote file server is named by serverId and path, and nothing else.';
  throw new Problem('invalid_request', { detail });
}

/** The text in the body of an import by content (contract, C-17). */
function contentOf(body: Body): string {
  if (body?.content !== undefined) return body.content;
  const detail = 'Send the file as multipart/form-data, or serverId and path of one on a remote file server.';
  throw new Problem('invalid_request', { detail });
}
