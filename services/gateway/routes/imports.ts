/** Importing: create a job, then hand over its file (contract, section 5). */
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { Problem } from '@osimage/errors';
import { success } from '../answers.ts';
import type { App } from '../app-types.ts';
import { requirePrivilege } from '../auth/privileges.ts';
import { readImageType } from '../image-types.ts';
import { callFor } from '../packager-call.ts';
import { CreateImportBody, CreateImportQuery, RemoteFile, UploadQuery } from '../schemas/imports.ts';
import type { GatewayServices } from '../services.ts';
import { receiveUpload } from '../uploads/upload.ts';

const tags = ['imports'];

export function registerImportRoutes(app: App, services: GatewayServices): void {
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
      if (request.query.importByContent?.toLowerCase() === 'true') {
        const detail = 'Importing a text as content is not possible; upload it as a file.';
        throw new Problem('option_not_supported', { detail });
      }
      // `init` in the reference, `Init` from both official clients (contract, C-13).
      if (request.body.Action.toLowerCase() !== 'init') {
        throw new Problem('invalid_request', { detail: 'The Action must be Init.' });
      }
      const fileSize = Number(request.body.fileSize ?? 0);
      const { jobId } = await services.packager.createImport({ imageType, fileSize }, callFor(request));
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
        config: { plainQuery: true, action: 'import.upload' },
        schema: {
          tags,
          summary: 'Hand over the file of an import job',
          description: 'As a form, or as JSON that says where the file is. Then watch the job.',
          querystring: UploadQuery,
          body: { content: { 'application/json': { schema: RemoteFile } } },
        },
      },
      async (request) => {
        if (!/^multipart\/form-data\b/i.test(request.headers['content-type'] ?? ''))
          throw notAnUpload(request.body);
        const { jobId, imageName = '', os = '', osrelease = '', description = '' } = request.query;
        const imageType = readImageType(request.query.imageType);
        await receiveUpload(services, { jobId, imageType, imageName, os, osrelease, description }, request);
        return success({ jobId });
      },
    );
  });
}

function notAnUpload(body: unknown): Problem {
  if (typeof body === 'object' && body !== null && 'serverId' in body) {
    const detail = 'Importing from a remote file server is not possible; upload the file.';
    return new Problem('option_not_supported', { detail });
  }
  return new Problem('invalid_request', { detail: 'Send the file as multipart/form-data.' });
}
