/** Listing what there is, making customized profiles, and deleting (contract, sections 4, 6.1 and 6.3). */
import { Readable } from 'node:stream';
import { createCustomProfile, deleteObjects, findProfile, type ImageFilter } from '@osimage/database';
import { Problem } from '@osimage/errors';
import type { Static } from 'typebox';
import { success } from '../answers.ts';
import type { App } from '../app-types.ts';
import { requirePrivilege } from '../auth/privileges.ts';
import { requireUnchanged } from '../changes/guard-deletion.ts';
import { changeTag } from '../changes/preconditions.ts';
import { readCursor, walk } from '../listing/walk.ts';
import { writeList } from '../listing/write-list.ts';
import { readNewProfile } from '../new-profile.ts';
import { isObjectId, requireObjectId } from '../object-id.ts';
import { removeArchiveFiles } from '../remove-archive.ts';
import { IfMatch } from '../schemas/headers.ts';
import { ImageParams, ListQuery, NewProfileBody } from '../schemas/images.ts';
import type { GatewayServices } from '../services.ts';

const tags = ['images'];
/** Ids in one list, at most. */
const mostIds = 10_000;

export function registerImageRoutes(app: App, { db, storeRoot, log }: GatewayServices): void {
  app.get(
    '/osImages',
    { schema: { tags, summary: 'List images, profiles, files and archives', querystring: ListQuery } },
    async (request, reply) => {
      const { imageType = '', after = '', limit } = request.query;
      if (imageType !== '' && imageType !== 'OSPROFILE') {
        throw new Problem('invalid_request', { detail: 'The imageType of a list can only be OSPROFILE.' });
      }
      const batches = walk(db, {
        filter: readFilter(request.query),
        profilesOnly: imageType === 'OSPROFILE',
        after: readCursor(after),
        limit: limit ?? Number.POSITIVE_INFINITY,
      });
      const pieces = writeList(batches, limit !== undefined);
      // The first piece is made before anything is sent, so that a database that is away is told as such.
      const first = await pieces.next();
      reply.type('application/json; charset=utf-8');
      if (limit !== undefined) return await joined(first.value ?? '', pieces);
      return reply.send(Readable.from(startingWith(first.value ?? '', pieces), { objectMode: false }));
    },
  );

  app.post(
    '/osImages/:id',
    {
      onRequest: requirePrivilege('lxc-osdeploy-create-import-export-edit-os-files'),
      config: { action: 'profile.create' },
      schema: {
        tags,
        summary: 'Create a customized profile',
        description: 'From the predefined profile in the path.',
        params: ImageParams,
        body: NewProfileBody,
      },
    },
    async (request, reply) => {
      const wanted = readNewProfile(request.params.id, request.body, request.user.name);
      const made = await db.transaction(async (tx) => findProfile(tx, await createCustomProfile(tx, wanted)));
      const { profile } = made!;
      reply.header('etag', changeTag(profile));
      return success({ id: profile.id });
    },
  );

  app.delete(
    '/osImages/:id',
    {
      onRequest: requirePrivilege('lxc-osdeploy-delete-os-files'),
      config: { action: 'object.delete' },
      schema: {
        tags,
        summary: 'Delete images, profiles, files and archives',
        description: 'All of the list or none. An image goes with its profiles.',
        headers: IfMatch,
        params: ImageParams,
      },
    },
    async (request) => {
      const ids = readIds(request.params.id);
      const paths = await db.transaction((tx) =>
        deleteObjects(tx, ids, () => requireUnchanged(tx, ids, request)),
      );
      await removeArchiveFiles(db, storeRoot, paths, log);
      return success();
    },
  );
}

async function joined(first: string, rest: AsyncIterable<string>): Promise<string> {
  let text = first;
  for await (const piece of rest) text += piece;
  return text;
}

async function* startingWith(first: string, rest: AsyncGenerator<string>): AsyncGenerator<string> {
  yield first;
  yield* rest;
}

function readFilter(query: Static<typeof ListQuery>): ImageFilter {
  const { id, name, usesFile } = query;
  return {
    ...(id !== undefined && id !== '' && { ids: splitIds(id).filter(isObjectId) }),
    ...(name !== undefined && name !== '' && { name }),
    ...(usesFile !== undefined && { usesFile: requireObjectId(usesFile, 'file') }),
  };
}

/** Gives the ids of a comma-separated list; throws Problem not_found for one that cannot exist. */
function readIds(list: string): string[] {
  const ids = splitIds(list);
  if (ids.length === 0) throw new Problem('invalid_request', { detail: 'The list of ids is empty.' });
  if (ids.length > mostIds) {
    throw new Problem('invalid_request', { detail: `The list holds more than ${mostIds} ids.` });
  }
  return ids.map((id) => requireObjectId(id, 'image, profile, file or archive'));
}

function splitIds(list: string): string[] {
  return list.split(',').filter((id) => id !== '');
}
