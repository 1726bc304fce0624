/** Bodies of /osImages/remoteFileServers (contract, section 8.1). */

import { oldAlgorithmNames } from '@osimage/outbound';
import { type Static, type TSchema, Type } from 'typebox';
import { Strict } from './strict.ts';
import { Line } from './text.ts';

/** Clients send null for what they leave out. */
const Maybe = <Schema extends TSchema>(schema: Schema) => Type.Optional(Type.Union([schema, Type.Null()]));

/** One of these words. */
function Words<const Word extends string>(...words: readonly Word[]) {
  const expected = words.length < 2 ? words.join() : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
  return Type.Unsafe<Word>(Type.String({ enum: [...words], expected }));
}

const address = Type.String({
  pattern: '^[A-Za-z0-9_:\\[][A-Za-z0-9._:%\\]-]{0,252}$',
  expected: 'an IP address or a host name',
});
const displayName = Type.String({
  minLength: 1,
  maxLength: 255,
  pattern: '^[^\\u0000-\\u001f\\u007f]*[^\\s\\u0000-\\u001f\\u007f][^\\u0000-\\u001f\\u007f]*$',
  expected: 'text of 1 to 255 characters without control characters, not only space',
});
const port = Type.Union(
  [Type.Integer({ minimum: 1, maximum: 65_535 }), Type.String({ pattern: '^[0-9]{1,5}$' })],
  { expected: 'a whole number from 1 to 65535' },
);
const protocol = Type.String({
  pattern: '^([Hh][Tt][Tt][Pp][Ss]?|[Ff][Tt][Pp][Ss]?|[Ss][Ff][Tt][Pp])$',
  expected: 'HTTP, HTTPS, FTP, FTPS or SFTP',
});

const optional = {
  username: Maybe(Line(255)),
  password: Maybe(Type.String({ maxLength: 1_024 })),
  /** RSA-2048, RSA-4096 or ECDSA-521-secp521r1; an empty text removes the key pair. */
  keyType: Maybe(Line(64)),
  /** The tables of the reference spell it so, its examples the other way (contract, C-15). */
  keyPassphras: Maybe(Type.String({ maxLength: 1_024 })),
  keyPassphrase: Maybe(Type.String({ maxLength: 1_024 })),
  keyComment: Maybe(Line(255)),
  /** An addition: makes a new key pair although there is one of this type. */
  newKeyPair: Maybe(Type.Boolean()),
  serverId: Maybe(Type.String({ maxLength: 32 })),
  /** An addition: the folder archives go to when an export names no path. */
  defaultPath: Maybe(Line(4_096)),
  /** An addition: empty drops the pending key pair. */
  pendingKeyType: Maybe(Line(64)),
  /** An addition: the pinned keys, lines of known_hosts or "type base64"; an empty list forgets them. Supervisors only. */
  hostKeys: Maybe(
    Type.Array(
      Type.String({
        maxLength: 65_536,
        pattern: '^[^\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f]*$',
        expected: 'a line of known_hosts, or a public key in the form "type base64"',
      }),
      { maxItems: 64 },
    ),
  ),
  /** Additions: how the server wants to be treated. A number of 0 stands for none. */
  connections: Maybe(Type.Integer({ minimum: 0, maximum: 32 })),
  bytesPerSecond: Maybe(Type.Integer({ minimum: 0, maximum: 1_000_000_000_000 })),
  verify: Maybe(Words('size', 'sample', 'full')),
  oldAlgorithms: Maybe(Type.Array(Words(...oldAlgorithmNames), { maxItems: 32 })),
  authentication: Maybe(Words('basic', 'bearer')),
  parallelExports: Maybe(Type.Integer({ minimum: 0, maximum: 1_000 })),
};

export const NewServer = Strict({ address, displayName, port, protocol, ...optional });

/** A change: what is absent stays. */
export const ServerChange = Strict({
  address: Maybe(address),
  displayName: Maybe(displayName),
  port: Maybe(port),
  protocol: Maybe(protocol),
  ...optional,
});
export type ServerChange = Static<typeof ServerChange>;

export const ServerId = Type.Object({ id: Type.String() });
