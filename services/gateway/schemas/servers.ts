/** Bodies of /osImages/remoteFileServers (contract, section 8.1). */
import { type Static, type TSchema, Type } from 'typebox';

/** No control characters: they would reach logs, and protocols that end a line with them. */
const plain = '^[^\\u0000-\\u001f\\u007f]*$';

/** Clients send null for what they leave out. */
const Maybe = <Schema extends TSchema>(schema: Schema) => Type.Optional(Type.Union([schema, Type.Null()]));
const Text = (maxLength: number) => Type.String({ maxLength, pattern: plain });

const address = Type.String({ pattern: '^[A-Za-z0-9_:\\[][A-Za-z0-9._:%\\]-]{0,252}$' });
const displayName = Type.String({
  minLength: 1,
  maxLength: 255,
  pattern: '^[^\\u0000-\\u001f\\u007f]*[^\\s\\u0000-\\u001f\\u007f][^\\u0000-\\u001f\\u007f]*$',
});
const port = Type.Union([
  Type.Integer({ minimum: 1, maximum: 65_535 }),
  Type.String({ pattern: '^[0-9]{1,5}$' }),
]);
const protocol = Type.String({ pattern: '^([Hh][Tt][Tt][Pp][Ss]?|[Ff][Tt][Pp][Ss]?|[Ss][Ff][Tt][Pp])$' });

const optional = {
  username: Maybe(Text(255)),
  password: Maybe(Type.String({ maxLength: 1_024 })),
  keyType: Maybe(Text(64)),
  /** The tables of the reference spell it so, its examples the other way (contract, C-15). */
  keyPassphras: Maybe(Type.String({ maxLength: 1_024 })),
  keyPassphrase: Maybe(Type.String({ maxLength: 1_024 })),
  keyComment: Maybe(Text(255)),
  serverId: Maybe(Type.String({ maxLength: 32 })),
  /** An addition: the folder archives go to when an export names no path. */
  defaultPath: Maybe(Text(4_096)),
  /** An addition: the pinned keys, "type base64" each; an empty list forgets them. */
  hostKeys: Maybe(
    Type.Array(Type.String({ maxLength: 8_192, pattern: '^[a-z0-9@.-]+ [A-Za-z0-9+/]+={0,2}$' }), {
      maxItems: 32,
    }),
  ),
};

export const NewServer = Type.Object({ address, displayName, port, protocol, ...optional });

/** A change: what is absent stays. */
export const ServerChange = Type.Object({
  address: Maybe(address),
  displayName: Maybe(displayName),
  port: Maybe(port),
  protocol: Maybe(protocol),
  ...optional,
});
export type ServerChange = Static<typeof ServerChange>;

export const ServerId = Type.Object({ id: Type.String() });
