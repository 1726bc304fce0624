/** `PUT /osImages/{id}`: changes a customized profile or a custom file (contract, section 6.2), or protects an archive. */
import { success } from '../answers.ts';
import type { App } from '../app-types.ts';
import { requirePrivilege } from '../auth/privileges.ts';
import { changeArchive } from '../changes/change-archive.ts';
import { changeFile } from '../changes/change-file.ts';
import { changeProfile } from '../changes/change-profile.ts';
import { changeTag } from '../changes/preconditions.ts';
import { ChangeBody, ChangeParams, ChangeQuery } from '../schemas/changes.ts';
import { IfMatch } from '../schemas/headers.ts';
import type { GatewayServices } from '../services.ts';

export function registerChangeRoutes(app: App, services: GatewayServices): void {
  app.put(
    '/osImages/:id',
    {
      config: { action: 'object.change' },
      onRequest: requirePrivilege('lxc-osdeploy-create-import-export-edit-os-files'),
      schema: {
        summary: 'Change a customized profile or a custom file, or protect an archive',
        description:
          'Without imageType the body is {"profile": …}, with imageType the object of that kind of file. What is ' +
          'absent stays. A file changes for every profile that carries it; exports that run keep what they began with. ' +
          'With the name of an archive the body is {"protected": true} or false: whether retention leaves it alone.',
        tags: ['images'],
        headers: IfMatch,
        params: ChangeParams,
        querystring: ChangeQuery,
        body: ChangeBody,
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      // The reference's own example has a second question mark, which makes what follows a part of the value.
      const imageType = request.query.imageType?.split('?', 1)[0] ?? '';
      if (request.body.protected !== undefined) {
        request.audit.action = 'archive.protect';
        reply.header('etag', await changeArchive(services.db, id, imageType, request.body, request));
        return success({ id });
      }
      const changed =
        imageType === ''
          ? (await changeProfile(services.db, id, request.body, request)).profile
          : await changeFile(services, id, imageType, request.body, request);
      reply.header('etag', changeTag(changed));
      return success({ id });
    },
  );
}
