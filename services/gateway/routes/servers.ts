/** `/osImages/remoteFileServers` (contract, section 8). Static paths win over `/osImages/:id` in the router. */
import { findServer, listServers, type ServerRow } from '@osimage/database';
import { addressRules, checkAddress } from '@osimage/outbound';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Remark, success } from '../answers.ts';
import type { App } from '../app-types.ts';
import { requirePrivilege } from '../auth/privileges.ts';
import { requireMatch } from '../changes/preconditions.ts';
import { isUnchanged } from '../downloads/conditions.ts';
import { callFor } from '../packager-call.ts';
import { IfMatch } from '../schemas/headers.ts';
import { NewServer, ServerChange, ServerId } from '../schemas/servers.ts';
import { asksForPending, hasPassphrase } from '../servers/key-pairs.ts';
import {
  type Changed,
  changeServerProfile,
  createServerProfile,
  deleteServerProfile,
  unknownServer,
} from '../servers/profiles.ts';
import { changesOf, serverTag, shownServer, shownWithNewKey } from '../servers/shown.ts';
import { outcomeOf, shownTest } from '../servers/tested.ts';
import type { GatewayServices } from '../services.ts';

const path = '/osImages/remoteFileServers';
const tags = ['servers'];
// The packager ends a test after 30 seconds and says what it has found by then.
const testDeadlineMs = 40_000;
const passphraseRemark: Remark = {
  id: 'FQXHMFC9703I',
  text: 'The passphrase is not kept: the private key never leaves the service, which encrypts it with SECRET_KEY.',
  recovery: 'No action is needed.',
};
const pendingRemark: Remark = {
  id: 'FQXHMFC9367I',
  text: 'The new key pair is pending: jobs go on with the present one until a test of the connection signs in with the new one.',
  recovery:
    'Put serverPublicKey into authorized_keys of the user there, then call POST /osImages/remoteFileServers/{id}/test.',
};

export function registerServerRoutes(app: App, { db, packager, secrets, settings }: GatewayServices): void {
  const rules = addressRules(settings);
  const mayEdit = requirePrivilege('lxc-osdeploy-create-edit-remote-file-server');
  const mayDelete = requirePrivilege('lxc-osdeploy-delete-remote-file-server');

  app.get(path, { schema: { tags, summary: 'List remote file servers' } }, async () =>
    success({ serverList: (await listServers(db)).map(shownServer) }),
  );

  app.get(
    `${path}/:id`,
    { schema: { tags, summary: 'One remote file server', params: ServerId } },
    async (request, reply) => {
      const server = await findServer(db, request.params.id);
      if (!server) throw unknownServer(request.params.id);
      const answer = show(server, reply);
      return isUnchanged(request.headers, serverTag(server)) ? reply.code(304).send() : answer;
    },
  );

  // With a serverId it is a change of that profile (8.1); the id of a new one is ours to give.
  app.post(
    path,
    {
      onRequest: mayEdit,
      config: { action: 'server.create' },
      schema: {
        tags,
        summary: 'Add a remote file server',
        description:
          'With a serverId it changes that one. With a keyType (SFTP only) a key pair is made; put serverPublicKey into authorized_keys of the user there.',
        body: NewServer,
      },
    },
    async (request, reply) => {
      const { body, user } = request;
      checkAddress(body.address, rules);
      const changed = body.serverId
        ? await changeServerProfile(db, secrets, body.serverId, body, user, unchanged(request))
        : await createServerProfile(db, secrets, body, user);
      return tell(changed, body, request, reply);
    },
  );

  app.put(
    `${path}/:id`,
    {
      onRequest: mayEdit,
      config: { action: 'server.change' },
      schema: {
        tags,
        summary: 'Change a remote file server',
        description:
          'What is absent stays. Another address, port or protocol needs the password again and forgets the pinned host keys. Another keyType or newKeyPair makes a new key pair, which stays pending beside a present one until a test of the connection signs in with it; an empty pendingKeyType drops it, an empty keyType removes both. hostKeys can be changed by supervisors only.',
        headers: IfMatch,
        params: ServerId,
        body: ServerChange,
      },
    },
    async (request, reply) => {
      const { params, body, user } = request;
      if (body.address != null) checkAddress(body.address, rules);
      const check = unchanged(request);
      const changed = await changeServerProfile(db, secrets, params.id, body, user, check);
      return tell(changed, body, request, reply);
    },
  );

  app.post(
    `${path}/:id/test`,
    {
      onRequest: mayEdit,
      config: { action: 'server.test' },
      schema: {
        tags,
        summary: 'Test the connection to a remote file server',
        description:
          'Connects as a job would, and says of address, host key, login, folder and space whether they are right; takes half a minute at most. A pending key pair that signs in becomes the present one.',
        params: ServerId,
      },
    },
    async (request) => {
      const serverId = request.params.id;
      const call = { ...callFor(request), deadlineMs: testDeadlineMs };
      const tested = shownTest(await packager.testConnection({ serverId }, call));
      request.audit.detail = outcomeOf(tested);
      return success({ serverId, ...tested });
    },
  );

  app.delete(
    `${path}/:id`,
    {
      onRequest: mayDelete,
      config: { action: 'server.delete' },
      schema: { tags, summary: 'Delete a remote file server', headers: IfMatch, params: ServerId },
    },
    async (request) => {
      await deleteServerProfile(db, request.params.id, unchanged(request));
      return success();
    },
  );
}

function show(server: ServerRow, reply: FastifyReply) {
  reply.header('etag', serverTag(server));
  return success(shownServer(server));
}

/** The answer to a change, which the audit trail hears of as well. */
function tell({ before, after }: Changed, body: ServerChange, request: FastifyRequest, reply: FastifyReply) {
  request.audit.detail = changesOf(before, after);
  reply.header('etag', serverTag(after));
  const remarks = hasPassphrase(body) ? [passphraseRemark] : [];
  if (!asksForPending(body, after)) return success(shownServer(after), remarks);
  return success(shownWithNewKey(after), [...remarks, pendingRemark]);
}

/** Lets a change pass only while the server is what the caller's If-Match names. */
function unchanged(request: FastifyRequest) {
  return (server: ServerRow) => requireMatch(request, 'remote file server', server.id, serverTag(server));
}
