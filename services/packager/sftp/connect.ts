/**
 * From a server profile to an open SFTP channel. The host key is always checked; only modern algorithms are
 * offered; whatever ends the connection ends everything that waits on its channel, with one Problem.
 */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { Problem } from '@osimage/errors';
import { connectSocket, resolveTarget } from '@osimage/outbound';
import { Client, type ClientChannel } from 'ssh2';
import { printable } from '../printable.ts';
import type { ServerAccess, ServerProfile } from '../server-profile.ts';
import { algorithmsFor, noCommonAlgorithm, watchForOffer } from './algorithms.ts';
import { SftpChannel } from './channel.ts';
import { connectionProblem, SftpStatus } from './errors.ts';
import { isPinned, keyText } from './host-keys.ts';
import type { SftpLimits } from './limits.ts';
import { type LoginMethod, passwordRefused, signIn } from './login.ts';
import { watchForStall } from './stall.ts';

// How long a polite goodbye may take.
const GOODBYE_MS = 500;

export interface SftpConnection {
  readonly channel: SftpChannel;
  /** The pinned host keys after the login; the first use may have added one. */
  readonly hostKeys: readonly string[];
  /** With what the server let us in, in this order. */
  readonly signedInWith: readonly LoginMethod[];
  /** Says goodbye and waits until the socket is closed, half a second at most. */
  close(): Promise<void>;
  /** Closes the socket now; everything waiting fails with `reason`. */
  abandon(reason: unknown): void;
}

/**
 * Connects, checks the host key, signs in and opens a channel. Throws Problem host_unreachable,
 * name_not_resolved, address_not_allowed, no_safe_algorithm, host_key_changed, host_key_revoked, login_refused, key_refused, sftp_not_offered,
 * connection_lost, what `pinHostKey` throws, or the reason of the signal; nothing stays open then.
 * The signal ends only the connecting: afterwards the connection belongs to the caller.
 */
export async function connect(wanted: ServerAccess, limits: SftpLimits): Promise<SftpConnection> {
  const { addresses, server, signal } = wanted;
  const target = await resolveTarget(server.address, server.port, { signal, rules: addresses });
  const socket = await connectSocket(target, { signal, timeoutMs: limits.connectMs });
  const connection = new Connection(socket, server);
  const onAbort = () => connection.abandon(signal.reason);
  const seconds = limits.handshakeMs / 1000;
  const timer = setTimeout(
    () =>
      connection.abandon(unreachable(server, `it did not complete the SSH handshake in ${seconds} seconds`)),
    limits.handshakeMs,
  );
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await connection.open(wanted, limits);
    return connection;
  } catch (error) {
    connection.abandon(error);
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

class Connection implements SftpConnection {
  hostKeys: readonly string[];
  signedInWith: readonly LoginMethod[] = [];
  #channel: SftpChannel | undefined;
  readonly #socket: Socket;
  readonly #server: ServerProfile;
  readonly #client = new Client();
  readonly #broken = Promise.withResolvers<never>();
  #stopWatching = () => {};
  #over = false;
  #trusted = false;

  constructor(socket: Socket, server: ServerProfile) {
    this.#socket = socket;
    this.#server = server;
    this.hostKeys = server.hostKeys;
    this.#broken.promise.catch(() => undefined);
    const offer = watchForOffer(socket);
    // Before the login is done the server has not proven to be one that can be used.
    const problem = (error: Error) => {
      const algorithm = /no matching (.+)$/.exec(error.message)?.[1];
      return algorithm === undefined
        ? connectionProblem(error, server, this.#trusted)
        : noCommonAlgorithm(algorithm, server, offer());
    };
    this.#client.on('error', (error) => this.abandon(problem(error)));
    this.#client.on('close', () => this.abandon(problem(new Error('the server closed it'))));
    this.#client.on('change password', () => this.abandon(passwordRefused(server)));
  }

  get channel(): SftpChannel {
    if (this.#channel === undefined) throw new Error('the connection is not open yet');
    return this.#channel;
  }

  async open(wanted: ServerAccess, limits: SftpLimits): Promise<void> {
    this.#stopWatching = watchForStall(
      this.#socket,
      () => this.#channel,
      limits,
      (seconds) =>
        this.abandon(new Problem('connection_stalled', { address: this.#server.address, seconds })),
    );
    await this.#orBroken(this.#signIn(wanted, limits));
    this.#trusted = true;
    const stream = await this.#orBroken(this.#startSubsystem());
    let usable = false;
    const gather = gatherWrites(this.#socket);
    const onBroken = (detail: string) => {
      const { address } = this.#server;
      this.abandon(usable ? new Problem('connection_lost', { address, detail }) : this.#noSftp(detail));
    };
    const channel = new SftpChannel(stream, onBroken, gather);
    // What the server says lets ssh2 send more of what waits for the window.
    this.#socket.prependListener('data', gather);
    this.#channel = channel;
    await this.#orBroken(channel.start()).catch((error: unknown) => {
      if (error instanceof SftpStatus) throw this.#noSftp(error.message, error);
      if (error instanceof RangeError) throw this.#noSftp('its greeting makes no sense', error);
      throw error;
    });
    usable = true;
  }

  async close(): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    this.#stopWatching();
    const timer = setTimeout(() => this.#socket.destroy(), GOODBYE_MS);
    const closed = once(this.#socket, 'close');
    this.#client.end();
    await closed.catch(() => undefined);
    clearTimeout(timer);
  }

  abandon(reason: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.#stopWatching();
    this.#socket.destroy();
    this.#broken.reject(reason);
    this.#channel?.fail(reason);
  }

  #signIn(wanted: ServerAccess, limits: SftpLimits): Promise<void> {
    const server = this.#server;
    let shown: string | undefined;
    // ssh2 asks before it has checked the signature made with this key, and again when keys are renewed.
    const hostVerifier = (key: Buffer): boolean => {
      const text = keyText(key);
      try {
        if (shown === undefined) wanted.onHostKey?.(text);
        isPinned(text, shown === undefined ? this.hostKeys : [shown], server);
        shown = text;
        return true;
      } catch (error) {
        this.abandon(error);
        return false;
      }
    };
    const pinFirst = async () => {
      if (shown === undefined || isPinned(shown, this.hostKeys, server)) return;
      this.hostKeys = await wanted.pinHostKey(shown);
      if (!isPinned(shown, this.hostKeys, server))
        throw new Problem('host_key_unknown', { address: server.address });
    };
    const login = signIn(server, (problem) => this.abandon(problem), wanted.keyOnly);
    return new Promise((resolve) => {
      this.#client.once('ready', () => {
        this.signedInWith = login.used();
        resolve();
      });
      this.#client.connect({
        sock: this.#socket,
        username: server.username,
        hostVerifier,
        algorithms: algorithmsFor(server),
        // By now the signature is checked: the key is the server's own and may be pinned. Must not return a promise.
        authHandler: (methodsLeft, partial, next) => {
          pinFirst().then(
            () => {
              const method = login.next(methodsLeft, partial);
              if (method !== undefined && !this.#over) next(method);
            },
            (error: unknown) => this.abandon(error),
          );
        },
        readyTimeout: 0,
        keepaliveInterval: limits.silenceMs / 3,
        keepaliveCountMax: Number.POSITIVE_INFINITY,
      });
    });
  }

  #startSubsystem(): Promise<ClientChannel> {
    return new Promise((resolve, reject) => {
      this.#client.subsys('sftp', (error, stream) => {
        if (error !== undefined) return reject(this.#noSftp(printable(error.message), error));
        stream.stderr.resume();
        resolve(stream);
      });
    });
  }

  /** What ends the connection ends the waiting for any step of opening it. */
  #orBroken<Value>(step: Promise<Value>): Promise<Value> {
    return Promise.race([step, this.#broken.promise]);
  }

  #noSftp(detail: string, cause?: unknown): Problem {
    const { address, username } = this.#server;
    return new Problem('sftp_not_offered', { address, username, detail }, { cause });
  }
}

/**
 * ssh2 writes each packet of 32 KiB in three pieces, a system call each: 300 MiB took 3.2 s so, and 1.6 s with the
 * pieces gathered. Call the result before something is sent; what is written until the end of this turn of the
 * event loop goes out together.
 */
function gatherWrites(socket: Socket): () => void {
  let gathering = false;
  const release = () => {
    gathering = false;
    socket.uncork();
  };
  return () => {
    if (gathering) return;
    gathering = true;
    socket.cork();
    process.nextTick(release);
  };
}

function unreachable(server: ServerProfile, detail: string): Problem {
  return new Problem('host_unreachable', { address: server.address, port: server.port, detail });
}
