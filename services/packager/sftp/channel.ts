/**
 * One SFTP channel: numbers the requests, keeps as many in flight as its user likes, and brings each answer to
 * whoever waits for it. Our own instead of the client in ssh2, which splits a WRITE of the largest size a server
 * grants in two round trips, copies all data once more and cannot let go of a request when a job is cancelled.
 */
import type { ClientChannel } from 'ssh2';
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

/** What is used of a channel of ssh2. Its types leave out how many bytes the server's window takes now. */
export interface ChannelStream extends ClientChannel {
  readonly outgoing: { readonly window: number };
}

/** The connection under a channel. */
export interface Wire {
  /** Told once when the other side closes the channel or sends what is not SFTP. */
  onBroken(detail: string): void;
  /** Called before anything is handed to the stream. */
  beforeSend(): void;
  /** Bytes that wait in our memory until the kernel takes them. */
  backlog(): number;
}

// More than the kernel takes at once, so that it never runs dry; less than anybody would notice in memory.
const MAX_BACKLOG = 1024 * 1024;

// What every server must take and give (draft-ietf-secsh-filexfer-02, section 3).
const SMALLEST_TRANSFER = 32 * 1024;

export class SftpChannel {
  readonly #stream: ChannelStream;
  readonly #splitter = new PacketSplitter();
  readonly #waiting = new Map<number, Waiter>();
  readonly #extensions = new Map<string, string>();
  readonly #wire: Wire;
  #greeted: Waiter | undefined;
  #nextId = 0;
  #failure: { readonly reason: unknown } | undefined;
  #maxWrite = SMALLEST_TRANSFER;
  #maxRead = SMALLEST_TRANSFER;
  #answers = 0;

  /** Called when there may be room again, or an answer has come, or the channel has failed. */
  onChange: () => void = () => {};

  constructor(stream: ChannelStream, wire: Wire) {
    this.#stream = stream;
    this.#wire = wire;
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

  /** Whether a WRITE would leave now, at least its beginning: the server's window and our socket have room for it. */
  get hasRoom(): boolean {
    return !this.failed && !this.isBlocked && this.#wire.backlog() < MAX_BACKLOG;
  }

  /** Whether the server's window is used up: only its answers make room. */
  get isBlocked(): boolean {
    return this.#stream.outgoing.window <= 0 || this.#stream.writableLength > 0;
  }

  get failed(): boolean {
    return this.#failure !== undefined;
  }

  /** Throws what it has failed with. */
  throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure.reason;
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

  /**
   * Sends one WRITE of at most `maxWrite` bytes; the memory of `data` may be used again when this returns. The
   * promise is kept when the server has written it, and rejects as that of `request` does.
   */
  async write(handle: Uint8Array, offset: number, data: Uint8Array, signal?: AbortSignal): Promise<void> {
    const id = this.#takeId();
    const send = () => {
      const head = writeHeader(id, handle, offset, data.length);
      // ssh2 encrypts at once what the window takes, into memory of its own, and keeps the rest as it lies.
      const now = Math.max(0, this.#stream.outgoing.window - head.length);
      this.#stream.write(head);
      if (now >= data.length) this.#stream.write(data);
      else {
        if (now > 0) this.#stream.write(data.subarray(0, now));
        this.#stream.write(Buffer.from(data.subarray(now)));
      }
    };
    await this.#send(id, send, signal);
  }

  /** Ends everything that waits, now and later, with this reason. The first reason stays. */
  fail(reason: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = { reason };
    this.#greeted?.reject(reason);
    this.#greeted = undefined;
    for (const { reject } of this.#waiting.values()) reject(reason);
    this.#waiting.clear();
    this.onChange();
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
      this.#wire.beforeSend();
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
    if (this.#failure === undefined) this.#wire.onBroken(detail);
  }
}
