/** A remote file server as answers show it (contract, 8.1): never a password, never a private key. */
import { Type } from 'typebox';
import { enveloped } from './envelope.ts';

const attributes = {
  serverId: Type.String(),
  displayName: Type.String(),
  address: Type.String(),
  port: Type.Integer(),
  protocol: Type.String(),
  username: Type.String(),
  keyType: Type.String(),
  serverPublicKey: Type.String({ description: 'The public half of the key pair the service made' }),
  keySignature: Type.String({ description: 'Its fingerprint' }),
  pendingKeyType: Type.String({
    description: 'Of the key pair that waits to be seen to sign in; empty: none',
  }),
  pendingPublicKey: Type.String({ description: 'Its public half' }),
  pendingKeySignature: Type.String({ description: 'Its fingerprint' }),
  defaultPath: Type.String({ description: 'The folder of archives when an export names no path' }),
  hostKeys: Type.Array(Type.String(), {
    description: 'The pinned keys of the server, "type base64" each; those marked @revoked are never taken',
  }),
  connections: Type.Integer({
    description: 'Connections of one transfer at most; 0: as many as the link needs',
  }),
  bytesPerSecond: Type.Integer({ description: 'Of one transfer at most; 0: no limit' }),
  verify: Type.String({
    description: 'How an upload is compared: by size, by a sample read back, or in full',
  }),
  oldAlgorithms: Type.Array(Type.String(), {
    description: 'Old SSH algorithms this server may use besides the modern ones',
  }),
  authentication: Type.String({
    description: 'HTTP and HTTPS: basic, or bearer, where the password is the token',
  }),
  parallelExports: Type.Integer({ description: 'Exports to it that run at once; 0: no limit of its own' }),
  modified: Type.String({ format: 'date-time' }),
  modifiedBy: Type.String(),
};

export const Server = Type.Object(attributes, { description: 'A remote file server' });

export const ServerList = enveloped({ serverList: Type.Array(Server) });

export const OneServer = enveloped(attributes);

export const TestedServer = enveloped({
  serverId: Type.String(),
  passed: Type.Boolean({ description: 'Nothing is wrong' }),
  keyPromoted: Type.Boolean({ description: 'The pending key pair signed in and is the present one now' }),
  checks: Type.Array(
    Type.Object({
      subject: Type.String({ description: 'address, hostKey, login, folder, space, or pendingKey' }),
      outcome: Type.String({ description: 'right, wrong or unknown' }),
      text: Type.String(),
      code: Type.String({ description: 'Of the error, where it is wrong' }),
      id: Type.String({ description: 'The message id' }),
      recovery: Type.String({ description: 'What to do' }),
    }),
  ),
});
