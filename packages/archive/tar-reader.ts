/**
 * Reads the tar stream inside an archive, from the beginning to the end, however it is cut into chunks.
 * Strict: plain files only, zeros wherever zeros belong, nothing behind the end. Not tar's own Parser,
 * because that one skips what it does not check, and takes a name apart where a chunk ends in a character.
 */
import { Problem } from '@osimage/errors';
import { Header, type HeaderData, Pax } from 'tar';
import { blockLength } from './tar-header.ts';

/** What to do with the members; `content` may come any number of times between `begin` and `end`. */
export interface TarHandler {
  begin(path: string, size: number): void;
  content(bytes: Buffer): void;
  end(): void;
}

/** Most bytes an entry about another entry may have: a path of 255 bytes needs 300. */
const extensionLimit = 64 * 1024;
/** A long path has two: GNU's and the one of pax. */
const extensionsMost = 2;

interface Entry {
  /** A member, or an entry that says something about the next one. */
  readonly kind: 'member' | 'pax' | 'long-name';
  /** Bytes of content still to come. */
  left: number;
  /** Zeros still to come after them. */
  padding: number;
  readonly collected: Buffer[];
}

export class TarReader {
  readonly #handler: TarHandler;
  #entry: Entry | undefined;
  #header: Buffer[] = [];
  #headerLength = 0;
  #extension: HeaderData = {};
  /** Entries in a row that say something about the next one. */
  #extensions = 0;
  #emptyBlocks = 0;

  constructor(handler: TarHandler) {
    this.#handler = handler;
  }

  /** Takes the next bytes; they may change after the call. Throws Problem archive_damaged, or what the handler throws. */
  write(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; )
      at += this.#entry ? this.#readEntry(this.#entry, chunk, at) : this.#readHeader(chunk, at);
  }

  /** Whether the end of the tar stream has been seen, and nothing but it. */
  get complete(): boolean {
    return this.#emptyBlocks === 2 && this.#headerLength === 0;
  }

  #readEntry(entry: Entry, chunk: Buffer, at: number): number {
    const take = Math.min(entry.left || entry.padding, chunk.length - at);
    const bytes = chunk.subarray(at, at + take);
    if (entry.left > 0) {
      entry.left -= take;
      if (entry.kind === 'member') this.#handler.content(bytes);
      else entry.collected.push(Buffer.from(bytes));
      if (entry.left === 0) this.#endContent(entry);
    } else {
      entry.padding -= take;
      if (bytes.some((byte) => byte !== 0)) throw damaged('the padding of a member is not zero');
    }
    if (entry.left === 0 && entry.padding === 0) this.#entry = undefined;
    return take;
  }

  #readHeader(chunk: Buffer, at: number): number {
    const take = Math.min(blockLength - this.#headerLength, chunk.length - at);
    this.#header.push(Buffer.from(chunk.subarray(at, at + take)));
    this.#headerLength += take;
    if (this.#headerLength === blockLength) {
      const block = Buffer.concat(this.#header);
      this.#header = [];
      this.#headerLength = 0;
      this.#parseHeader(block);
    }
    return take;
  }

  #parseHeader(block: Buffer): void {
    if (block.every((byte) => byte === 0)) {
      this.#emptyBlocks++;
      if (this.#emptyBlocks > 2) throw damaged('there is something behind the end of the tar stream');
      return;
    }
    if (this.#emptyBlocks > 0) throw damaged('there is something behind the end of the tar stream');
    const kind = kindOf(block[156]);
    const { path, size, cksumValid } = readHeader(block, kind === 'member' ? this.#extension : {});
    if (!cksumValid || path === undefined || !isLength(size)) throw damaged('a tar header is damaged');
    if (kind === undefined) throw damaged(`${quoted(path)} is not a plain file`);
    if (kind !== 'member' && size > extensionLimit) throw damaged('a tar header is too long');
    this.#extensions = kind === 'member' ? 0 : this.#extensions + 1;
    if (this.#extensions > extensionsMost) throw damaged('a tar header is too long');
    this.#entry = {
      kind,
      left: size,
      padding: (blockLength - (size % blockLength)) % blockLength,
      collected: [],
    };
    if (kind === 'member') {
      this.#extension = {};
      this.#handler.begin(path, size);
    }
    if (size === 0) this.#endContent(this.#entry);
    if (this.#entry.left === 0 && this.#entry.padding === 0) this.#entry = undefined;
  }

  #endContent({ kind, collected }: Entry): void {
    const text = Buffer.concat(collected).toString();
    if (kind === 'member') this.#handler.end();
    else if (kind === 'pax') this.#extension = { ...this.#extension, ...present(Pax.parse(text)) };
    else this.#extension = { ...this.#extension, path: text.replace(/\0.*$/s, '') };
  }
}

/**
 * The library's reading of a header. It throws an Error of its own for some impossible numbers, and puts the prefix of the
 * header's own path in front of that of an extension.
 */
function readHeader(block: Buffer, extension: HeaderData): Header {
  try {
    const header = new Header(block, 0, extension);
    if (extension.path !== undefined) header.path = extension.path;
    return header;
  } catch (cause) {
    throw new Problem('archive_damaged', { detail: 'a tar header is damaged' }, { cause });
  }
}

/** Numbers in base 256, and those in a pax record, may be anything. */
function isLength(size: number | undefined): size is number {
  return Number.isSafeInteger(size) && Number(size) >= 0;
}

/** What the type flag of a header says (POSIX ustar, and L of GNU tar); undefined for links, devices and the rest. */
function kindOf(flag: number | undefined): Entry['kind'] | undefined {
  switch (flag) {
    case 0x30: // 0
      return 'member';
    case 0x78: // x
      return 'pax';
    case 0x4c: // L
      return 'long-name';
    default:
      return undefined;
  }
}

/** The two records an archive may have; a reader must not be told anything else. */
function present({ path, size }: Pax): HeaderData {
  return { ...(path !== undefined && { path }), ...(size !== undefined && { size }) };
}

/** A path as it can stand in a message. */
export function quoted(path: string): string {
  return JSON.stringify(path.length > 120 ? `${path.slice(0, 120)}…` : path);
}

function damaged(detail: string): Problem {
  return new Problem('archive_damaged', { detail });
}
