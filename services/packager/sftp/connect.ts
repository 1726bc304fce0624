/**
 * From a server profile to an open SFTP channel. The host key is always checked; only modern algorithms are
 * offered; whatever ends the connection ends everything that waits on its channel, with one Problem.
 */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { Problem } from '@osimage/errors';
import { connectSocket, resolveTarget } from '@osimage/outbound';
import { type Algorithms, Client, type ClientChannel } from 'ssh2';
import { printable } from '../printable.ts';
import type { ServerAccess, ServerProfile } from '../server-profile.ts';
import { SftpChannel } from './channel.ts';
import { connectionProblem, SftpStatus } from './errors.ts';
import { checkHostKey, keyText, preferredAlgorithms } from './host-keys.ts';
import type { SftpLimits } from './limits.ts';
import { passwordRefused, signIn } from './login.ts';
import { watchForStall } from './stall.ts';

// No CBC, no SHA-1, no group below 2048 bits; AES-GCM first, the fastest where the processor has AES.
const algorithms: Algorithms = {
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
  cipher: [
    'aes128-gcm@openssh.com',
    'aes256-gcm@openssh.com',
    'chacha20-poly1305@openssh.com',
    'aes128-ctr',
    'aes192-ctr',
    'aes256-ctr',
  ],
  hmac: ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com', 'hmac-sha2-256', 'hmac-sha2-512'],
  compress: ['none'],
};

// How long a polite goodbye may take.
const GOODBYE_MS = 500;

export interface SftpConnection {
  readonly channel: SftpChannel;
  /** The pinned host keys after the login; the first use may have added one. */
  readonly hostKeys: readonly string[];
  /** Says goodbye and waits until the socket is closed, half a second at most. */
  close(): Promise<void>;
  /** Closes the socket now; everything waiting fails with `reason`. */
  abandon(reason: unknown): void;
}

/**
 * Connects, checks the host key, signs in and opens a channel. Throws Problem host_unreachable,
 * name_not_resolved, address_not_allowed, no_safe_algorithm, host_key_changed, login_refused, key_refused, sftp_not_offered,
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
    // Before the login is done the server has not proven to be one that can be used.
    const problem = (error: Error) => connectionProblem(error, server, this.#trusted);
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
        const expected = shown === undefined ? this.hostKeys : [shown];
        if (expected.length > 0) checkHostKey(text, expected, server);
        shown = text;
        return true;
      } catch (error) {
        this.abandon(error);
        return false;
      }
    };
    const pinFirst = async () => {
      if (this.hostKeys.length > 0 || shown === undefined) return;
      this.hostKeys = await wanted.pinHostKey(shown);
      checkHostKey(shown, this.hostKeys, server);
    };
    const login = signIn(server, (problem) => this.abandon(problem));
    return new Promise((resolve) => {
      this.#client.once('ready', resolve);
      this.#client.connect({
        sock: this.#socket,
        username: server.username,
        hostVerifier,
        algorithms: { ...algorithms, serverHostKey: preferredAlgorithms(server.hostKeys) },
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
