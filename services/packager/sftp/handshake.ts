/** From the first byte to the login: only modern algorithms are offered, and the host key is checked before a password goes. */
import type { Socket } from 'node:net';
import { Problem } from '@osimage/errors';
import type { Client } from 'ssh2';
import type { ServerAccess } from '../server-profile.ts';
import { algorithmsFor } from './algorithms.ts';
import { isPinned, keyText } from './host-keys.ts';
import type { SftpLimits } from './limits.ts';
import { type LoginMethod, signIn } from './login.ts';

interface Parts {
  readonly client: Client;
  readonly socket: Socket;
  readonly limits: SftpLimits;
  /** Ends the connection; it may be over already. */
  readonly abandon: (reason: unknown) => void;
  readonly isOver: () => boolean;
}

export interface SignedIn {
  /** The pinned host keys; the first use may have added one. */
  readonly hostKeys: readonly string[];
  /** With what the server let us in, in this order. */
  readonly signedInWith: readonly LoginMethod[];
  /** The time of an answer that costs the server no work, milliseconds. */
  readonly roundTripMs: number;
}

/** Signs in over `client`. What goes wrong abandons the connection; the promise stays open then. */
export function signInOver(wanted: ServerAccess, parts: Parts): Promise<SignedIn> {
  const { client, limits, abandon } = parts;
  const { server } = wanted;
  let { hostKeys } = server;
  let roundTripMs = Number.POSITIVE_INFINITY;
  let shown: string | undefined;
  // ssh2 asks before it has checked the signature made with this key, and again when keys are renewed.
  const hostVerifier = (key: Buffer): boolean => {
    const text = keyText(key);
    try {
      if (shown === undefined) wanted.onHostKey?.(text);
      isPinned(text, shown === undefined ? hostKeys : [shown], server);
      shown = text;
      return true;
    } catch (error) {
      abandon(error);
      return false;
    }
  };
  const pinFirst = async () => {
    if (shown === undefined || isPinned(shown, hostKeys, server)) return;
    hostKeys = await wanted.pinHostKey(shown);
    if (!isPinned(shown, hostKeys, server))
      throw new Problem('host_key_unknown', { address: server.address });
  };
  const login = signIn(server, abandon, wanted.keyOnly);
  return new Promise((resolve) => {
    client.once('ready', () => resolve({ hostKeys, signedInWith: login.used(), roundTripMs }));
    let asked: number | undefined;
    client.once('handshake', () => {
      asked = performance.now();
    });
    client.connect({
      sock: parts.socket,
      username: server.username,
      hostVerifier,
      algorithms: algorithmsFor(server),
      // By now the signature is checked: the key is the server's own and may be pinned. Must not return a promise.
      authHandler: (methodsLeft, partial, next) => {
        // The first call is the answer to what was asked when the keys were exchanged.
        if (asked !== undefined) roundTripMs = performance.now() - asked;
        asked = undefined;
        pinFirst().then(() => {
          const method = login.next(methodsLeft, partial);
          if (method !== undefined && !parts.isOver()) next(method);
        }, abandon);
      },
      readyTimeout: 0,
      keepaliveInterval: limits.silenceMs / 3,
      keepaliveCountMax: Number.POSITIVE_INFINITY,
    });
  });
}
