/**
 * SFTP version 3 on the wire (draft-ietf-secsh-filexfer-02), as far as uploads and downloads need it, and the extensions
 * of OpenSSH (its PROTOCOL file, section 4). Only bytes here; who waits for which answer is channel.ts.
 */

export const request = {
  init: 1,
  open: 3,
  close: 4,
  read: 5,
  write: 6,
  lstat: 7,
  fstat: 8,
  remove: 13,
  mkdir: 14,
  realpath: 16,
  stat: 17,
  rename: 18,
  readlink: 19,
  extended: 200,
} as const;

export const reply = {
  version: 2,
  status: 101,
  handle: 102,
  data: 103,
  name: 104,
  attributes: 105,
  extended: 201,
} as const;

export const status = {
  ok: 0,
  endOfFile: 1,
  noSuchFile: 2,
  permissionDenied: 3,
  failure: 4,
  badMessage: 5,
  noConnection: 6,
  connectionLost: 7,
  unsupported: 8,
} as const;

export const openFlag = { read: 0x01, write: 0x02, create: 0x08, exclusive: 0x20 } as const;

const attributeFlag = { size: 0x01, owner: 0x02, permissions: 0x04, times: 0x08 } as const;

/** A number is an uint32, a bigint an uint64, the rest a string with its length in front. */
export type Field = number | bigint | string | Uint8Array;

/** One whole packet: length, type, request id, fields. */
export function packet(type: number, id: number, ...fields: readonly Field[]): Buffer {
  const parts: Uint8Array[] = [Buffer.alloc(5), uint32(id)];
  for (const field of fields) {
    if (typeof field === 'number') parts.push(uint32(field));
    else if (typeof field === 'bigint') parts.push(uint64(field));
    else {
      const bytes = typeof field === 'string' ? Buffer.from(field) : field;
      parts.push(uint32(bytes.length), bytes);
    }
  }
  const whole = Buffer.concat(parts);
  whole.writeUInt32BE(whole.length - 4, 0);
  whole[4] = type;
  return whole;
}

/** The only packet without an id: the first one, which names our version, 3. */
export const initPacket = Buffer.from([0, 0, 0, 5, request.init, 0, 0, 0, 3]);

/**
 * Everything of a WRITE but its `length` bytes of data, which must follow: so the data goes out as it lies in
 * memory, without another copy.
 */
export function writeHeader(id: number, handle: Uint8Array, offset: number, length: number): Buffer {
  const head = packet(request.write, id, handle, BigInt(offset), length);
  head.writeUInt32BE(head.length - 4 + length, 0);
  return head;
}

/** The attributes of a new file: its permissions, nothing else. */
export function permissions(mode: number): readonly [number, number] {
  return [attributeFlag.permissions, mode];
}

export interface Attributes {
  /** Bytes; undefined when the server does not tell. */
  readonly size: number | undefined;
  /** POSIX mode with the type of the file in it; undefined when the server does not tell. */
  readonly mode: number | undefined;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function uint64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
}

/** Reads the fields of a packet in order; a packet that is too short throws RangeError. */
export class FieldReader {
  readonly #bytes: Buffer;
  #position = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#position;
  }

  uint32(): number {
    const value = this.#bytes.readUInt32BE(this.#position);
    this.#position += 4;
    return value;
  }

  uint64(): bigint {
    const value = this.#bytes.readBigUInt64BE(this.#position);
    this.#position += 8;
    return value;
  }

  bytes(): Buffer {
    const length = this.uint32();
    if (length > this.left) throw new RangeError('a string is longer than its packet');
    const value = this.#bytes.subarray(this.#position, this.#position + length);
    this.#position += length;
    return value;
  }

  text(): string {
    return this.bytes().toString('utf8');
  }

  attributes(): Attributes {
    const flags = this.uint32();
    const size = flags & attributeFlag.size ? Number(this.uint64()) : undefined;
    if (flags & attributeFlag.owner) this.uint64();
    const mode = flags & attributeFlag.permissions ? this.uint32() : undefined;
    return { size, mode };
  }
}

// The largest answer is the data of a read, 255 KiB; a larger one is not SFTP (often a login shell that prints something).
const MAX_REPLY_BYTES = 256 * 1024;

/** Cuts what arrives into packets (type, id and fields), whatever the pieces are; each byte is copied once at most. */
export class PacketSplitter {
  #pieces: Buffer[] = [];
  #held = 0;
  /** Bytes to have before there is anything to cut. */
  #needed = 4;

  /** Gives the packets that are complete now. Throws RangeError when this cannot be SFTP. */
  push(piece: Buffer): Buffer[] {
    this.#pieces.push(piece);
    this.#held += piece.length;
    if (this.#held < this.#needed) return [];
    let rest = this.#pieces.length === 1 ? piece : Buffer.concat(this.#pieces);
    const packets: Buffer[] = [];
    this.#needed = 4;
    while (rest.length >= 4) {
      const length = rest.readUInt32BE(0);
      if (length === 0 || length > MAX_REPLY_BYTES)
        throw new RangeError(`a packet cannot have ${length} bytes`);
      if (rest.length < 4 + length) {
        this.#needed = 4 + length;
        break;
      }
      packets.push(rest.subarray(4, 4 + length));
      rest = rest.subarray(4 + length);
    }
    this.#pieces = rest.length > 0 ? [rest] : [];
    this.#held = rest.length;
    return packets;
  }
}
