/**
 * Reads the multipart/form-data of an upload (contract, section 5.2): the file comes in the one part named
 * `uploadedfile`, at any place; other parts are ignored. The body is never held in memory.
 */
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { Busboy, type BusboyHeaders } from '@fastify/busboy';
import { Problem } from '@osimage/errors';

const filePart = 'uploadedfile';
const readAheadBytes = 64 * 1024;
/** What other parts may cost: they are read and forgotten. */
const limits = { fieldSize: 64 * 1024, headerSize: 16 * 1024, parts: 100 };

export interface FormOptions {
  readonly signal: AbortSignal;
  /** Takes the file's content and the name its part gives, which may be none. */
  readonly save: (file: Readable, name: string) => Promise<void>;
  /** The failure to throw when the body ends too early. */
  readonly cutOff: () => Problem;
}

/**
 * Resolves when the whole body was read and `save` is done. Throws what `save` throws, the reason of the
 * signal, `cutOff()`, or Problem invalid_request (not a form, or not exactly one file). After a failure the
 * rest of the body is read and thrown away, so that the caller can see the answer; `save` has ended by then.
 */
export async function readForm(request: IncomingMessage, options: FormOptions): Promise<void> {
  const form = openForm(request);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let file: Readable | undefined;
  let saving: Promise<void> | undefined;
  const fail = (error: Error) => {
    reject(error);
    request.unpipe(form);
    request.resume();
    file?.destroy(error);
  };
  const onAbort = () => fail(options.signal.reason);
  const onClose = () => {
    if (!request.complete) fail(options.cutOff());
  };
  form.on('file', (_field, part, name: string | undefined) => {
    // What happens to the part is told by the reading of it.
    part.on('error', () => {});
    if (saving) {
      part.resume();
      fail(new Problem('invalid_request', { detail: `There is more than one part named ${filePart}.` }));
      return;
    }
    file = part;
    saving = options.save(part, name ?? '');
    saving.catch(fail);
  });
  // The one error of the parser: the body ended before the closing boundary.
  form.on('error', () => fail(options.cutOff()));
  form.on('finish', () => {
    if (saving) saving.then(resolve, reject);
    else fail(new Problem('invalid_request', { detail: `There is no part named ${filePart} with a file.` }));
  });
  request.on('close', onClose);
  request.on('error', onClose);
  options.signal.addEventListener('abort', onAbort, { once: true });
  try {
    if (options.signal.aborted) onAbort();
    else request.pipe(form);
    await promise;
  } finally {
    options.signal.removeEventListener('abort', onAbort);
    await Promise.allSettled([saving]);
  }
}

function openForm(request: IncomingMessage) {
  try {
    return new Busboy({
      headers: request.headers as BusboyHeaders,
      // By its name alone: whether a part is the file depends on neither its type nor its file name.
      isPartAFile: (field) => field === filePart,
      highWaterMark: readAheadBytes,
      fileHwm: readAheadBytes,
      limits,
    });
  } catch (error) {
    throw new Problem('invalid_request', { detail: 'The multipart body has no boundary.' }, { cause: error });
  }
}
