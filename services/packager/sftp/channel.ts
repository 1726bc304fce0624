/**
 * One SFTP channel: numbers the requests, keeps as many in flight as its user likes, and brings each answer to
 * whoever waits for it. Our own instead of the client in ssh2, which splits a WRITE of the largest size a server
 * grants in two round trips, copies all data once more and cannot let go of a request when a job is cancelled.
 */
import type { Duplex } from 'node:stream';
import { SftpStatus } from './errors.ts';
import {
  type Field,
  FieldReader,
  initPacket,
  PacketSplitter,
  packet,
  reply,
  request,
  status,
  writeHeader,
} from './packets.ts';

export interface Reply {
  readonly type: number;
  readonly fields: FieldReader;
}

interface Waiter {
  readonly resolve: (answer: Reply) => void;
  readonly reject: (reason: unknown) => void;
}

/** A WRITE on its way. */
export interface PendingWrite {
  /** The data has been handed to the connection: its memory may be used again, the next WRITE may follow. */
  readonly sent: Promise<void>;
  /** The server has written it. */
  readonly acknowledged: Promise<void>;
}

// What every server must take and give (draft-ietf-secsh-filexfer-02, section 3).
const SMALLEST_TRANSFER = 32 * 1024;

export class SftpChannel {
  readonly #stream: Duplex;
  readonly #splitter = new PacketSplitter();
  readonly #waiting = new Map<number, Waiter>();
  readonly #unsent = new Set<(reason: unknown) => void>();
  readonly #extensions = new Map<string, string>();
  readonly #onBroken: (detail: string) => void;
  readonly #beforeSend: () => void;
  #greeted: Waiter | undefined;
  #nextId = 0;
  #failure: { readonly reason: unknown } | undefined;
  #maxWrite = SMALLEST_TRANSFER;
  #maxRead = SMALLEST_TRANSFER;
  #answers = 0;

  /**
   * `onBroken` is told once when the other side closes the channel or sends what is not SFTP; `beforeSend` is
   * called before anything is handed to the stream.
   */
  constructor(stream: Duplex, onBroken: (detail: string) => void, beforeSend: () => void) {
    this.#stream = stream;
    this.#onBroken = onBroken;
    this.#beforeSend = beforeSend;
    stream.on('data', (piece: Buffer) => this.#receive(piece));
    stream.on('error', () => this.#break('the channel failed'));
    stream.on('end', () => this.#break('the server closed the channel'));
    stream.on('close', () => this.#break('the server closed the channel'));
  }

  /** Largest number of data bytes in one WRITE that costs one round trip. */
  get maxWrite(): number {
    return this.#maxWrite;
  }

  /** Largest number of data bytes one READ should ask for. */
  get maxRead(): number {
    return this.#maxRead;
  }

  /** Answers received so far; whoever watches for a stall compares two readings. */
  get answers(): number {
    return this.#answers;
  }

  /** Whether an answer is owed to us. */
  get busy(): boolean {
    return this.#waiting.size > 0 || this.#greeted !== undefined;
  }

  offers(extension: string, version: string): boolean {
    return this.#extensions.get(extension) === version;
  }

  /** Says hello and learns the server's extensions and limits. */
  async start(): Promise<void> {
    const { type, fields } = await new Promise<Reply>((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure.reason);
      this.#greeted = { resolve, reject };
      this.#stream.write(initPacket);
    });
    if (type !== reply.version || fields.uint32() < 3)
      throw new SftpStatus(status.unsupported, 'its SFTP is too old');
    while (fields.left > 0) this.#extensions.set(fields.text(), fields.text());
    if (!this.offers('limits@openssh.com', '1')) return;
    const limits = (await this.request(request.extended, ['limits@openssh.com'])).fields;
    limits.uint64(); // longest packet
    const longestRead = Number(limits.uint64());
    const longestWrite = Number(limits.uint64());
    if (longestRead > 0) this.#maxRead = longestRead;
    if (longestWrite > 0) this.#maxWrite = longestWrite;
  }

  /**
   * Sends one request and gives its answer. Throws SftpStatus for a status other than OK, the reason of the
   * signal (the channel stays usable: a late answer is dropped), or what `fail` was given.
   */
  request(type: number, fields: readonly Field[], signal?: AbortSignal): Promise<Reply> {
    const id = this.#takeId();
    return this.#send(id, () => void this.#stream.write(packet(type, id, ...fields)), signal);
  }

  /** Sends one WRITE of at most `maxWrite` bytes. Both promises reject as those of `request` do. */
  write(handle: Uint8Array, offset: number, data: Uint8Array, signal?: AbortSignal): PendingWrite {
    const id = this.#takeId();
    const sent = Promise.withResolvers<void>();
    const acknowledged = this.#send(
      id,
      () => {
        this.#unsent.add(sent.reject);
        this.#stream.write(writeHeader(id, handle, offset, data.length));
        this.#stream.write(data, () => {
          this.#unsent.delete(sent.reject);
          sent.resolve();
        });
      },
      signal,
    ).then(() => undefined);
    // Whoever gives up on the answer must not go on waiting for the sending.
    acknowledged.catch((reason: unknown) => {
      this.#unsent.delete(sent.reject);
      sent.reject(reason);
    });
    sent.promise.catch(() => undefined);
    return { sent: sent.promise, acknowledged };
  }

  /** Ends everything that waits, now and later, with this reason. The first reason stays. */
  fail(reason: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = { reason };
    this.#greeted?.reject(reason);
    this.#greeted = undefined;
    for (const { reject } of this.#waiting.values()) reject(reason);
    this.#waiting.clear();
    for (const reject of this.#unsent) reject(reason);
    this.#unsent.clear();
  }

  #takeId(): number {
    const id = this.#nextId;
    this.#nextId = (id + 1) % 2 ** 32;
    return id;
  }

  #send(id: number, send: () => void, signal?: AbortSignal): Promise<Reply> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      if (this.#failure !== undefined) throw this.#failure.reason;
      const onAbort = () => {
        this.#waiting.delete(id);
        reject(signal?.reason);
      };
      const settled = () => signal?.removeEventListener('abort', onAbort);
      this.#waiting.set(id, {
        resolve: (answer) => {
          settled();
          resolve(answer);
        },
        reject: (reason) => {
          settled();
          reject(reason);
        },
      });
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#beforeSend();
      send();
    });
  }

  #receive(piece: Buffer): void {
    try {
      for (const bytes of this.#splitter.push(piece)) this.#dispatch(bytes);
    } catch {
      this.#break('it sends something that is not SFTP');
    }
  }

  #dispatch(bytes: Buffer): void {
    this.#answers += 1;
    const type = bytes[0] ?? 0;
    const fields = new FieldReader(bytes.subarray(1));
    if (this.#greeted !== undefined) {
      this.#greeted.resolve({ type, fields });
      this.#greeted = undefined;
      return;
    }
    const id = fields.uint32();
    const waiter = this.#waiting.get(id);
    if (waiter === undefined) return;
    this.#waiting.delete(id);
    const code = type === reply.status ? fields.uint32() : status.ok;
    if (code === status.ok) waiter.resolve({ type, fields });
    // Some servers leave the message out.
    else waiter.reject(new SftpStatus(code, fields.left >= 4 ? fields.text() : ''));
  }

  #break(detail: string): void {
    if (this.#failure === undefined) this.#onBroken(detail);
  }
}
