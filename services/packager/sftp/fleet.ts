/**
 * More channels to a server, for one transfer: opened side by side on the connection at hand and on others beside it,
 * while the first one works already. Whatever fails here costs speed only: a server may refuse channels (OpenSSH's
 * MaxSessions, 10) and drop connections at random while many have not signed in yet (MaxStartups).
 */
import { setTimeout as pause } from 'node:timers/promises';
import { Problem } from '@osimage/errors';
import type { ServerAccess } from '../server-profile.ts';
import type { SftpChannel } from './channel.ts';
import { connect } from './connect.ts';
import type { SftpConnection } from './connection.ts';
import type { SftpLimits } from './limits.ts';

// The TCP window of a usual Linux server grows to 6 MiB at most, that of an SSH channel is 2 MiB.
const CHANNELS_OF_CONNECTION = 4;
// Where there can be no more connections.
const CHANNELS_AT_MOST = 10;
const CONNECTIONS_AT_MOST = 8;
/** Connections that failed, until no other is tried; and how long to wait before, milliseconds. */
const FAILURES_AT_MOST = 3;
const PAUSE_MS = 500;

interface Host {
  connection: SftpConnection | undefined;
  /** Channels that are open or will be. */
  channels: number;
  /** The server has refused another channel on it. */
  full: boolean;
}

export class Fleet {
  readonly #access: ServerAccess;
  readonly #limits: SftpLimits;
  readonly #first: SftpConnection;
  readonly #hosts: Host[];
  readonly #over = new AbortController();
  readonly #unused: SftpChannel[] = [];
  #use: ((channel: SftpChannel) => void) | undefined;
  #wanted = 1;
  #opening = 0;
  #failures = 0;

  /** `first` stays the caller's, and so do its signal and its end. */
  constructor(first: SftpConnection, access: ServerAccess, limits: SftpLimits) {
    this.#first = first;
    this.#access = access;
    this.#limits = limits;
    this.#hosts = [{ connection: first, channels: 1, full: false }];
  }

  /** Channels that are open or will be. */
  get channels(): number {
    return this.#hosts.reduce((sum, { channels }) => sum + channels, 0);
  }

  /** Whether nothing is being opened. */
  get isSettled(): boolean {
    return this.#opening === 0;
  }

  /** Begins to open channels until there are so many, the first one too, or the server grants no more. */
  want(channels: number): void {
    this.#wanted = Math.max(this.#wanted, channels);
    this.#fill();
  }

  /** Gives each channel but the first to `use`, those that are open now and those to come. */
  serve(use: (channel: SftpChannel) => void): void {
    this.#use = use;
    for (const channel of this.#unused.splice(0)) use(channel);
  }

  /** Closes all connections but the first. */
  async close(): Promise<void> {
    this.#over.abort();
    await Promise.all(this.#others().map((connection) => connection.close()));
  }

  /** Closes their sockets now. */
  abandon(reason: unknown): void {
    this.#over.abort(reason);
    for (const connection of this.#others()) connection.abandon(reason);
  }

  #others(): SftpConnection[] {
    return this.#hosts.flatMap(({ connection }) =>
      connection === undefined || connection === this.#first ? [] : [connection],
    );
  }

  #fill(): void {
    while (!this.#over.signal.aborted && this.channels < this.#wanted) {
      const mayConnect =
        this.#hosts.length < (this.#access.server.options.connections ?? CONNECTIONS_AT_MOST) &&
        this.#failures < FAILURES_AT_MOST;
      const most = mayConnect ? CHANNELS_OF_CONNECTION : CHANNELS_AT_MOST;
      const host = this.#hosts
        .filter(({ connection, full, channels }) => connection !== undefined && !full && channels < most)
        .toSorted((a, b) => a.channels - b.channels)[0];
      if (host?.connection !== undefined) {
        host.channels += 1;
        void this.#openOn(host, host.connection);
      } else if (mayConnect) {
        const channels = Math.min(CHANNELS_OF_CONNECTION, this.#wanted - this.channels);
        void this.#connect({ connection: undefined, channels, full: false });
      } else return;
    }
  }

  async #openOn(host: Host, connection: SftpConnection): Promise<void> {
    this.#opening += 1;
    try {
      this.#take(await connection.openChannel());
    } catch {
      host.full = true;
      host.channels -= 1;
    } finally {
      this.#opening -= 1;
      this.#fill();
    }
  }

  async #connect(host: Host): Promise<void> {
    this.#opening += 1;
    this.#hosts.push(host);
    const { signal } = this.#over;
    try {
      if (this.#failures > 0) await pause(PAUSE_MS * (1 + Math.random()), undefined, { signal });
      const { hostKeys } = this.#first;
      const server = { ...this.#access.server, hostKeys };
      const pinHostKey = async () => hostKeys;
      const connection = await connect({ ...this.#access, server, pinHostKey, signal }, this.#limits);
      if (signal.aborted) return connection.abandon(signal.reason);
      host.connection = connection;
      connection.onOver = () => this.#lose(host);
      this.#take(connection.channel);
      for (let more = 1; more < host.channels; more += 1) void this.#openOn(host, connection);
    } catch (error) {
      // Whoever answers there is somebody else: nothing must go to that address any more.
      if (error instanceof Problem && error.code === 'host_key_changed') this.#first.abandon(error);
      this.#lose(host);
    } finally {
      this.#opening -= 1;
      this.#fill();
    }
  }

  #lose(host: Host): void {
    const at = this.#hosts.indexOf(host);
    if (at < 0) return;
    this.#hosts.splice(at, 1);
    this.#failures += 1;
    this.#fill();
  }

  #take(channel: SftpChannel): void {
    if (this.#use === undefined) this.#unused.push(channel);
    else this.#use(channel);
  }
}
