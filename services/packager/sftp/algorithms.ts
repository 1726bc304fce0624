/**
 * Which SSH algorithms a connection may use: the modern ones, and after them the old ones that the server's profile
 * allows by name. What a server that has none of them offers instead is read from its first packet, so that the
 * failure can say which name would help.
 */
import type { Socket } from 'node:net';
import { Problem } from '@osimage/errors';
import { oldAlgorithms, trustedKeys } from '@osimage/outbound';
import type { Algorithms, ServerHostKeyAlgorithm } from 'ssh2';
import { printable } from '../printable.ts';
import type { ServerProfile } from '../server-profile.ts';

// No CBC, no SHA-1, no DSA, no group below 2048 bits; AES-GCM first, the fastest where the processor has AES.
const modern = {
  kex: [
    'curve25519-sha256',
    'curve25519-sha256@libssh.org',
    'ecdh-sha2-nistp256',
    'ecdh-sha2-nistp384',
    'ecdh-sha2-nistp521',
    'diffie-hellman-group16-sha512',
    'diffie-hellman-group18-sha512',
    'diffie-hellman-group14-sha256',
    'diffie-hellman-group-exchange-sha256',
  ],
  serverHostKey: [
    'ssh-ed25519',
    'ecdsa-sha2-nistp256',
    'ecdsa-sha2-nistp384',
    'ecdsa-sha2-nistp521',
    'rsa-sha2-512',
    'rsa-sha2-256',
  ],
  cipher: [
    'aes128-gcm@openssh.com',
    'aes256-gcm@openssh.com',
    'chacha20-poly1305@openssh.com',
    'aes128-ctr',
    'aes192-ctr',
    'aes256-ctr',
  ],
  hmac: ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com', 'hmac-sha2-256', 'hmac-sha2-512'],
} as const;
const kinds = ['kex', 'serverHostKey', 'cipher', 'hmac'] as const;
type Kind = (typeof kinds)[number];

const names: Readonly<Record<Kind, string>> = {
  kex: 'key exchange algorithm',
  serverHostKey: 'host key algorithm',
  cipher: 'cipher',
  hmac: 'message authentication code',
};

/** What to ask the server for, in this order. */
export function algorithmsFor(server: ServerProfile): Algorithms {
  const serverHostKey = preferred(allowed('serverHostKey', server), trustedKeys(server.hostKeys));
  return {
    kex: allowed('kex', server),
    serverHostKey,
    cipher: allowed('cipher', server),
    hmac: allowed('hmac', server),
    compress: ['none'],
  } as Algorithms;
}

/**
 * First the kinds of key that are pinned. A server has several, and asking for another than the pinned one would
 * look as if it had changed.
 */
function preferred(algorithms: readonly string[], pins: readonly string[]): ServerHostKeyAlgorithm[] {
  const types = new Set(pins.map((pin) => pin.split(' ')[0]));
  const pinned = (algorithm: string) => types.has(algorithm.startsWith('rsa-') ? 'ssh-rsa' : algorithm);
  return [
    ...algorithms.filter(pinned),
    ...algorithms.filter((algorithm) => !pinned(algorithm)),
  ] as ServerHostKeyAlgorithm[];
}

function allowed(kind: Kind, { options }: ServerProfile): string[] {
  const old = oldAlgorithms[kind].filter((name) => options.oldAlgorithms.includes(name));
  return [...modern[kind], ...old];
}

type Offer = Readonly<Record<Kind, readonly string[]>>;

// A list of algorithms of any server is a fraction of it.
const OFFER_BYTES_MOST = 64 * 1024;

/** Listens on a socket for the algorithms its server offers; call before anything is read from it. */
export function watchForOffer(socket: Socket): () => Offer | undefined {
  let bytes: Buffer = Buffer.alloc(0);
  let offer: Offer | undefined;
  const take = (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
    offer = readOffer(bytes);
    if (offer !== undefined || bytes.length > OFFER_BYTES_MOST) socket.removeListener('data', take);
  };
  socket.on('data', take);
  return () => offer;
}

/** The lists of SSH_MSG_KEXINIT, the first packet after the greeting (RFC 4253, 4.2, 6 and 7.1). */
function readOffer(bytes: Buffer): Offer | undefined {
  const greeting = /(?:^|\n)SSH-[^\n]*\n/.exec(bytes.toString('latin1'));
  if (greeting === null) return undefined;
  const packet = bytes.subarray(greeting.index + greeting[0].length);
  if (packet.length < 22 || packet.length < 4 + packet.readUInt32BE(0) || packet[5] !== 20) return undefined;
  const lists: string[][] = [];
  for (let at = 22; lists.length < 6; ) {
    if (at + 4 > packet.length) return undefined;
    const end = at + 4 + packet.readUInt32BE(at);
    if (end > packet.length) return undefined;
    lists.push(packet.toString('latin1', at + 4, end).split(','));
    at = end;
  }
  // Of the lists for each direction those from client to server: what is sent is the archive.
  const [kex = [], serverHostKey = [], cipher = [], , hmac = []] = lists;
  return { kex, serverHostKey, cipher, hmac };
}

/** Why no connection can be made with a server that offers nothing we may use, and which old names would help. */
export function noCommonAlgorithm(what: string, server: ServerProfile, offer: Offer | undefined): Problem {
  if (offer === undefined) return noSafeAlgorithm(server, printable(what), [], []);
  const authenticated = allowed('cipher', server).some(
    (name) => /gcm|poly1305/.test(name) && offer.cipher.includes(name),
  );
  const missing = kinds.filter(
    (kind) =>
      !(kind === 'hmac' && authenticated) &&
      !allowed(kind, server).some((name) => offer[kind].includes(name)),
  );
  const helpful = missing.map((kind) =>
    (oldAlgorithms[kind] as readonly string[]).find((name) => offer[kind].includes(name)),
  );
  const known = helpful.filter((name) => name !== undefined);
  return noSafeAlgorithm(
    server,
    missing.length > 0 ? missing.map((kind) => names[kind]).join(', no ') : printable(what),
    missing.flatMap((kind) => offer[kind]),
    known.length === missing.length ? known : [],
  );
}

/** `offers` is what the server has instead, `allow` the names that would let us in. */
export function noSafeAlgorithm(
  { address }: Pick<ServerProfile, 'address'>,
  what: string,
  offers: readonly string[],
  allow: readonly string[],
): Problem {
  return new Problem('no_safe_algorithm', {
    address,
    what,
    offers: offers.length > 0 ? `, only ${printable(offers.join(', '))}` : '',
    allow: allow.length > 0 ? `, or allow ${allow.join(', ')} in oldAlgorithms of the server profile` : '',
  });
}
