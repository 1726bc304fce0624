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
  defaultPath: Type.String({ description: 'The folder of archives when an export names no path' }),
  hostKeys: Type.Array(Type.String(), { description: 'The pinned keys of the server, "type base64" each' }),
  modified: Type.String({ format: 'date-time' }),
  modifiedBy: Type.String(),
};

export const Server = Type.Object(attributes, { description: 'A remote file server' });

export const ServerList = enveloped({ serverList: Type.Array(Server) });

export const OneServer = enveloped(attributes);
