/**
 * Takes multipart/form-data (RFC 7578, RFC 2046) apart while it arrives. It copies nothing and keeps nothing
 * but what could be the beginning of a boundary, so that an upload of any size costs no memory, and each
 * network buffer can be given back as soon as its content is written: see form.ts for what that saves.
 */
import { Problem } from '@osimage/errors';

export type MultipartEvent =
  /** A part begins; `fileName` is empty when it names none. */
  | { readonly kind: 'part'; readonly name: string; readonly fileName: string }
  /** Content of the part, valid until the next event is asked for. */
  | { readonly kind: 'content'; readonly bytes: Buffer };

/** A boundary is at most 70 characters (RFC 2046, 5.1.1); some clients make longer ones. */
const longestBoundary = 200;
const longestHeaders = 16 * 1024;
/** Spaces may follow a boundary; more than this are none. */
const longestPadding = 256;

const endOfHeaders = Buffer.from('\r\n\r\n');
const none = Buffer.alloc(0);

type State = 'content' | 'boundary' | 'headers' | 'end';

export class MultipartParser {
  readonly #delimiter: Buffer;
  // The line break before the first boundary may be missing.
  #kept: Buffer = Buffer.from('\r\n');
  #state: State = 'content';
  /** What comes before the first boundary is no part. */
  #inPart = false;

  /** Takes the request's content type; throws Problem invalid_request when it names no boundary. */
  constructor(contentType: string) {
    const [, quoted, plain] = /;\s*boundary=(?:"([^"]+)"|([^;\s"]+))/i.exec(contentType) ?? [];
    const boundary = quoted ?? plain ?? '';
    if (boundary === '' || boundary.length > longestBoundary) {
      throw new Problem('invalid_request', { detail: 'The multipart body has no usable boundary.' });
    }
    this.#delimiter = Buffer.from(`\r\n--${boundary}`);
  }

  /** Whether the closing boundary has come. */
  get ended(): boolean {
    return this.#state === 'end';
  }

  /** Gives what the next piece of the body brings; read it to its end before giving another one. */
  *feed(piece: Buffer): Generator<MultipartEvent, void, void> {
    let data = this.#kept.length > 0 ? Buffer.concat([this.#kept, piece]) : piece;
    this.#kept = none;
    while (data.length > 0) {
      const before = data;
      if (this.#state === 'content') data = yield* this.#content(data);
      else if (this.#state === 'boundary') data = yield* this.#afterBoundary(data);
      else if (this.#state === 'headers') data = yield* this.#headers(data);
      else return;
      if (data === before) {
        // More is needed to go on. A copy: the piece may be given back.
        this.#kept = Buffer.from(data);
        return;
      }
    }
  }

  *#content(data: Buffer): Generator<MultipartEvent, Buffer, void> {
    const found = data.indexOf(this.#delimiter);
    const length = found < 0 ? data.length - this.#begunDelimiter(data) : found;
    if (this.#inPart && length > 0) yield { kind: 'content', bytes: data.subarray(0, length) };
    if (found < 0) return length === 0 ? data : data.subarray(length);
    this.#state = 'boundary';
    return data.subarray(found + this.#delimiter.length);
  }

  /** How many bytes at the end of `data` could be the beginning of a delimiter. */
  #begunDelimiter(data: Buffer): number {
    const most = Math.min(data.length, this.#delimiter.length - 1);
    for (let at = data.indexOf('\r', data.length - most); at >= 0; at = data.indexOf('\r', at + 1)) {
      if (this.#delimiter.subarray(0, data.length - at).equals(data.subarray(at))) return data.length - at;
    }
    return 0;
  }

  *#afterBoundary(data: Buffer): Generator<MultipartEvent, Buffer, void> {
    const start = data.toString('latin1', 0, longestPadding + 2);
    const [, end, line] = /^(--)|^[ \t]*(\r\n)/.exec(start) ?? [];
    if (end !== undefined) {
      this.#state = 'end';
      return none;
    }
    if (line !== undefined) {
      this.#state = 'headers';
      // The line break stays: with it, no headers at all look like any others.
      return data.subarray(start.indexOf('\r'));
    }
    if (start.length < longestPadding && /^(-|[ \t]*\r?)$/.test(start)) return data;
    // It only began like a boundary.
    this.#state = 'content';
    if (this.#inPart) yield { kind: 'content', bytes: this.#delimiter };
    return data;
  }

  *#headers(data: Buffer): Generator<MultipartEvent, Buffer, void> {
    const end = data.indexOf(endOfHeaders);
    if (end > longestHeaders || (end < 0 && data.length > longestHeaders)) {
      throw new Problem('invalid_request', { detail: 'A part of the multipart body has too long headers.' });
    }
    if (end < 0) return data;
    this.#state = 'content';
    this.#inPart = true;
    yield { kind: 'part', ...readDisposition(data.toString('utf8', 0, end)) };
    return data.subarray(end + endOfHeaders.length);
  }
}

/** The names in a part's Content-Disposition (RFC 7578, 4.2; `filename*` as in RFC 8187, which some send). */
function readDisposition(headers: string): { name: string; fileName: string } {
  const [, value = ''] = /\r\ncontent-disposition:[ \t]*form-data([^\r\n]*)/i.exec(headers) ?? [];
  const given = new Map<string, string>();
  for (const [, key, quoted, plain] of value.matchAll(/;\s*([\w*-]+)=(?:"((?:\\.|[^"\\])*)"|([^;\s"]*))/g)) {
    given.set(key!.toLowerCase(), quoted?.replace(/\\(["\\])/g, '$1') ?? plain ?? '');
  }
  const fileName = extendedValue(given.get('filename*')) ?? given.get('filename') ?? '';
  return { name: given.get('name') ?? '', fileName };
}

function extendedValue(value: string | undefined): string | undefined {
  const [, encoded] = /^utf-8'[^']*'(.+)$/i.exec(value ?? '') ?? [];
  try {
    return encoded && decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}
