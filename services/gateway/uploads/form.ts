/**
 * Reads the multipart/form-data of an upload (contract, section 5.2): the file comes in the one part named
 * `uploadedfile`, at any place; other parts are ignored. The body is never held in memory.
 *
 * Each network buffer is given back to the system as soon as it is written. Left to the garbage collector,
 * 80 MB of them pile up in a fast upload; given back, 5 MB, and receiving is twice as fast (measured on
 * loopback: 2,500 instead of 1,200 MB/s), because the same memory is used again.
 */
import type { IncomingMessage } from 'node:http';
import { Problem } from '@osimage/errors';
import { MultipartParser } from './multipart.ts';

const filePart = 'uploadedfile';
/** Smaller buffers may share their memory with others. */
const ownBufferBytes = 16 * 1024;

export interface FormOptions {
  readonly signal: AbortSignal;
  /** Called once, when the file begins, with the name its part gives, which may be none. */
  readonly begin: (name: string) => void;
  /** Takes content of the file; the bytes are valid until what it gives resolves. */
  readonly write: (bytes: Buffer) => Promise<void> | undefined;
  /** The failure to throw when the body ends too early. */
  readonly cutOff: () => Problem;
}

/**
 * Resolves when the whole body was read. Throws what `begin` and `write` throw, the reason of the signal,
 * `cutOff()`, or Problem invalid_request (not a form, or not exactly one file). After a failure the rest of
 * the body is read and thrown away, so that the caller can see the answer; `write` is not called any more.
 */
export async function readForm(request: IncomingMessage, options: FormOptions): Promise<void> {
  const { signal, cutOff } = options;
  const form = new Form(request.headers['content-type'] ?? '', options);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let taking: Promise<void> = Promise.resolve();
  let failed = signal.aborted;
  const fail = (error: unknown) => {
    failed = true;
    reject(error);
  };
  const onData = (chunk: Buffer) => {
    request.pause();
    taking = form.take(chunk, () => failed);
    taking.then(() => {
      giveBack(chunk);
      request.resume();
    }, fail);
  };
  const finish = () => {
    if (!form.ended) fail(cutOff());
    else if (!form.hasFile) fail(wrongCount(`There is no part named ${filePart} with a file.`));
    else resolve();
  };
  // The end can come while the last piece is still being taken; a failure of that is told by its own.
  const onEnd = () => void taking.then(finish, () => {});
  const onClose = () => {
    if (!request.readableEnded) fail(cutOff());
  };
  const onAbort = () => fail(signal.reason);
  request.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) onAbort();
  // A connection that ended before anybody listened tells nobody any more.
  if (request.destroyed) onClose();
  try {
    await promise;
  } finally {
    request.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose);
    request.on('error', () => {});
    signal.removeEventListener('abort', onAbort);
    await taking.catch(() => {});
    request.resume();
  }
}

class Form {
  readonly #parser: MultipartParser;
  readonly #options: FormOptions;
  #inFile = false;
  hasFile = false;

  constructor(contentType: string, options: FormOptions) {
    this.#parser = new MultipartParser(contentType);
    this.#options = options;
  }

  get ended(): boolean {
    return this.#parser.ended;
  }

  /** Takes the next piece of the body, unless `stopped` says that nobody wants it any more. */
  async take(piece: Buffer, stopped: () => boolean): Promise<void> {
    for (const event of this.#parser.feed(piece)) {
      if (stopped()) return;
      if (event.kind === 'content') {
        if (this.#inFile) await this.#options.write(event.bytes);
        continue;
      }
      this.#inFile = event.name === filePart;
      if (!this.#inFile) continue;
      if (this.hasFile) throw wrongCount(`There is more than one part named ${filePart}.`);
      this.hasFile = true;
      this.#options.begin(event.fileName);
    }
  }
}

function wrongCount(detail: string): Problem {
  return new Problem('invalid_request', { detail });
}

/** Frees a network buffer now; nothing refers to its content any more. */
function giveBack(chunk: Buffer): void {
  const { buffer } = chunk;
  const owns = chunk.length >= ownBufferBytes && chunk.length === buffer.byteLength;
  if (owns && buffer instanceof ArrayBuffer) buffer.transfer(0);
}
