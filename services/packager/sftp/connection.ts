/**
 * One SSH connection and its SFTP channels. Whatever ends the connection ends everything that waits on its channels, with
 * one Problem.
 */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { Problem } from '@osimage/errors';
import { Client } from 'ssh2';
import { printable } from '../printable.ts';
import type { ServerAccess, ServerProfile } from '../server-profile.ts';
import { noCommonAlgorithm, watchForOffer } from './algorithms.ts';
import { type ChannelStream, SftpChannel } from './channel.ts';
import { connectionProblem, SftpStatus } from './errors.ts';
import { gatherWrites } from './gather-writes.ts';
import { signInOver } from './handshake.ts';
import { keepKeysAsObjects } from './key-objects.ts';
import type { SftpLimits } from './limits.ts';
import { type LoginMethod, passwordRefused } from './login.ts';
import { watchForStall } from './stall.ts';

// How long a polite goodbye may take.
const GOODBYE_MS = 500;

export interface SftpConnection {
  /** The first one; when it breaks the connection is over. */
  readonly channel: SftpChannel;
  /** The pinned host keys after the login; the first use may have added one. */
  readonly hostKeys: readonly string[];
  /** With what the server let us in, in this order. */
  readonly signedInWith: readonly LoginMethod[];
  /** The shortest time an answer took that costs the server no work, milliseconds. */
  readonly roundTripMs: number;
  /** Bytes that wait in our memory until the kernel takes them. */
  readonly backlog: number;
  /** Called once when the connection is over, whoever ended it. */
  onOver: () => void;
  /** Opens one more channel; when that one breaks, only it is over. Throws Problem sftp_not_offered. */
  openChannel(): Promise<SftpChannel>;
  /** Says goodbye and waits until the socket is closed, half a second at most. */
  close(): Promise<void>;
  /** Closes the socket now; everything waiting fails with `reason`. */
  abandon(reason: unknown): void;
}

export class Connection implements SftpConnection {
  hostKeys: readonly string[];
  signedInWith: readonly LoginMethod[] = [];
  roundTripMs = Number.POSITIVE_INFINITY;
  onOver = () => {};
  readonly #channels = new Set<SftpChannel>();
  readonly #socket: Socket;
  readonly #server: ServerProfile;
  readonly #limits: SftpLimits;
  readonly #client = new Client();
  readonly #broken = Promise.withResolvers<never>();
  readonly #gather: () => void;
  #first: SftpChannel | undefined;
  #stopWatching = () => {};
  #over = false;
  #trusted = false;

  constructor(socket: Socket, server: ServerProfile, limits: SftpLimits) {
    this.#socket = socket;
    this.#server = server;
    this.#limits = limits;
    this.#gather = gatherWrites(socket);
    keepKeysAsObjects(this.#client);
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
    if (this.#first === undefined) throw new Error('the connection is not open yet');
    return this.#first;
  }

  get backlog(): number {
    return this.#socket.writableLength;
  }

  async open(wanted: ServerAccess, onSignedIn: () => void): Promise<void> {
    const { address } = this.#server;
    this.#stopWatching = watchForStall(this.#socket, this.#channels, this.#limits, (seconds) =>
      this.abandon(new Problem('connection_stalled', { address, seconds })),
    );
    const abandon = (reason: unknown) => this.abandon(reason);
    const isOver = () => this.#over;
    const parts = { client: this.#client, socket: this.#socket, limits: this.#limits, abandon, isOver };
    const signedIn = await this.#orBroken(signInOver(wanted, parts));
    this.hostKeys = signedIn.hostKeys;
    this.signedInWith = signedIn.signedInWith;
    this.roundTripMs = signedIn.roundTripMs;
    this.#trusted = true;
    // What the server says lets ssh2 send more of what waits for the window.
    this.#socket.prependListener('data', this.#gather);
    const tell = () => {
      for (const channel of this.#channels) channel.onChange();
    };
    this.#socket.on('data', tell).on('drain', tell);
    const first = this.#start((_channel, problem) => this.abandon(problem));
    // Not earlier: a server may grant one channel only, and then it must be the first one.
    onSignedIn();
    this.#first = await first;
  }

  openChannel(): Promise<SftpChannel> {
    return this.#start((channel, problem) => {
      this.#channels.delete(channel);
      channel.fail(problem);
    });
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
    for (const channel of this.#channels) channel.fail(reason);
    this.onOver();
  }

  async #start(onBroken: (channel: SftpChannel, problem: Problem) => void): Promise<SftpChannel> {
    const stream = await this.#orBroken(this.#startSubsystem());
    const { address } = this.#server;
    let usable = false;
    const channel = new SftpChannel(stream, {
      onBroken: (detail) =>
        onBroken(
          channel,
          usable ? new Problem('connection_lost', { address, detail }) : this.#noSftp(detail),
        ),
      beforeSend: this.#gather,
      backlog: () => this.backlog,
    });
    this.#channels.add(channel);
    await this.#orBroken(channel.start()).catch((error: unknown) => {
      this.#channels.delete(channel);
      if (error instanceof SftpStatus) throw this.#noSftp(error.message, error);
      if (error instanceof RangeError) throw this.#noSftp('its greeting makes no sense', error);
      throw error;
    });
    usable = true;
    return channel;
  }

  #startSubsystem(): Promise<ChannelStream> {
    return new Promise((resolve, reject) => {
      this.#client.subsys('sftp', (error, stream) => {
        if (error !== undefined) return reject(this.#noSftp(printable(error.message), error));
        stream.stderr.resume();
        resolve(stream as ChannelStream);
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
