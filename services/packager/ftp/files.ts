/** The operations of deliveries over FTP and FTPS. Reconnects when a transfer that was cut left the connection unusable. */
import type { Socket } from 'node:net';
import { posix } from 'node:path';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Problem } from '@osimage/errors';
import { type Client, FTPError } from 'basic-ftp';
import { type Found, NotReadable, type RemoteStore } from '../destinations/one-stream/store.ts';
import { stalled } from '../failures.ts';
import { type Body, BodyFailed, endStream, StreamBroken, sendBody } from '../send.ts';
import type { SecureAccess } from '../server-profile.ts';
import type { TransferLimits } from '../transfer-limits.ts';
import { accepted, renamed, sizeOf } from './commands.ts';
import { connectFtp, type FtpConnection } from './connect.ts';
import { ftpProblem, ftpWriteProblem } from './errors.ts';
import { transfer } from './transfer.ts';

const BUFFER_BYTES = 1024 * 1024;

export class FtpFiles implements RemoteStore {
  readonly canRename = true;
  // A part that ends before the file does has to be cut off, which not every server takes well.
  readonly reads = 'end';
  readonly notes: string[] = [];
  #tellsSizes = true;
  readonly #access: SecureAccess;
  readonly #limits: TransferLimits;
  #connection: FtpConnection;
  #released = false;

  constructor(connection: FtpConnection, access: SecureAccess, limits: TransferLimits) {
    this.#connection = connection;
    this.#access = access;
    this.#limits = limits;
    if (access.server.protocol === 'FTP')
      this.notes.push('FTP has no encryption: password and archive could be read on the way.');
  }

  get tellsSizes(): boolean {
    return this.#tellsSizes;
  }

  async landing(): Promise<string> {
    return await this.#explain('tell its folder', async (client) => posix.join('/', await client.pwd()));
  }

  async look(path: string): Promise<Found | undefined> {
    return await this.#explain(`look at ${path}`, async (client) => {
      const entered = await client.sendIgnoringError(`CWD ${path}`);
      if (entered.code < 300) return { folder: true, size: undefined };
      if (/permission|denied/i.test(entered.message)) {
        const { address, username } = this.#access.server;
        throw new Problem('remote_permission', { username, path, address });
      }
      const size = await sizeOf(client, path);
      if (size === 'untold') this.#tellsSizes = false;
      return typeof size === 'number' ? { folder: false, size } : undefined;
    });
  }

  async makeFolder(path: string): Promise<void> {
    try {
      await (await this.#ready()).send(`MKD ${path}`);
    } catch (error) {
      if (error instanceof FTPError && (await this.look(path))?.folder === true) return;
      throw this.#writeProblem(error, `make the folder ${path}`, path, 0);
    }
  }

  async put(path: string, body: Body): Promise<void> {
    const silence = { ms: this.#limits.silenceMs, problem: () => this.#stalled() };
    const send = async (data: Socket) => {
      // Session tickets of TLS come this way, for the next data connection.
      data.resume();
      await sendBody(data, body, silence);
      await endStream(data, silence);
    };
    try {
      await transfer(await this.#ready(), `STOR ${path}`, this.#limits, send);
    } catch (error) {
      if (error instanceof BodyFailed) throw error.cause;
      throw this.#writeProblem(error, 'take the file', path, body.size);
    }
  }

  /** RNTO over a file is left to the server by RFC 959; where it refuses, the old file makes room and goes afterwards. */
  async replace(from: string, to: string): Promise<void> {
    try {
      const client = await this.#ready();
      if (await renamed(client, from, to)) return;
      const old = `${from}.old`;
      if (typeof (await sizeOf(client, to)) !== 'number' || !(await renamed(client, to, old))) {
        await client.send(`RNFR ${from}`);
        await client.send(`RNTO ${to}`);
        return;
      }
      try {
        await client.send(`RNFR ${from}`);
        await client.send(`RNTO ${to}`);
      } catch (error) {
        if (error instanceof FTPError) await renamed(client, old, to);
        throw error;
      }
      await client.sendIgnoringError(`DELE ${old}`);
      const note = 'The server does not rename over a file: for a moment there was none of that name.';
      if (!this.notes.includes(note)) this.notes.push(note);
    } catch (error) {
      throw this.#writeProblem(error, 'rename the file', to, 0);
    }
  }

  async remove(path: string): Promise<boolean> {
    return await this.#explain('remove the file', async (client) => {
      return (await accepted(client, `DELE ${path}`)) || typeof (await sizeOf(client, path)) !== 'number';
    });
  }

  async *read(path: string, from: number): AsyncGenerator<Buffer> {
    const passing = new PassThrough({ highWaterMark: BUFFER_BYTES });
    const { silenceMs } = this.#limits;
    const receive = async (data: Socket) => {
      data.setTimeout(silenceMs, () => {
        // When we are the slow ones, nothing can come.
        if (!passing.writableNeedDrain) data.destroy(this.#stalled());
      });
      await pipeline(data, passing).catch((error: unknown) => {
        throw new StreamBroken(error);
      });
    };
    const reading = this.#retrieve(path, from, receive);
    // Awaited below; the stream only echoes it.
    reading.catch(() => passing.destroy());
    try {
      yield* passing as AsyncIterable<Buffer>;
      await reading;
    } catch (error) {
      throw await reading.then(
        () => error,
        (reason: unknown) => reason,
      );
    } finally {
      passing.destroy();
      await reading.catch(() => undefined);
    }
  }

  release(): void {
    this.#released = true;
    this.#connection.release();
  }

  close(): void {
    this.#connection.close();
  }

  async #retrieve(path: string, from: number, receive: (data: Socket) => Promise<void>): Promise<void> {
    try {
      const client = await this.#ready();
      if (from > 0) await client.send(`REST ${from}`);
      await transfer(client, `RETR ${path}`, this.#limits, receive);
    } catch (error) {
      if (error instanceof FTPError && error.code >= 500) throw new NotReadable(error.message);
      throw this.#problem(error, 'send the file back');
    }
  }

  async #ready(): Promise<Client> {
    if (this.#connection.client.closed && !this.#released) {
      this.#access.signal.throwIfAborted();
      this.#connection = await connectFtp(this.#access, this.#limits);
    }
    return this.#connection.client;
  }

  #stalled(): Problem {
    return stalled(this.#access.server, this.#limits.silenceMs);
  }

  async #explain<Value>(action: string, ask: (client: Client) => Promise<Value>): Promise<Value> {
    try {
      return await ask(await this.#ready());
    } catch (error) {
      throw this.#problem(error, action);
    }
  }

  #problem(error: unknown, action: string): unknown {
    if (this.#access.signal.aborted && !this.#released) return this.#access.signal.reason;
    return ftpProblem(error, this.#access.server, action, this.#limits);
  }

  #writeProblem(error: unknown, action: string, path: string, needed: number): unknown {
    if (!(error instanceof FTPError)) return this.#problem(error, action);
    return ftpWriteProblem(error, this.#access.server, action, this.#limits, { path, needed });
  }
}
