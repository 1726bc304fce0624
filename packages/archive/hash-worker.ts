/**
 * The thread that hashes an archive while others read and write it. Answers every message once, in order.
 * Started by hash-thread.ts; serves one archive after another.
 */
import { createHash, type Hash } from 'node:crypto';
import { parentPort } from 'node:worker_threads';

/** What the thread is asked. The memory of a `start` is used until another one brings its own. */
export type HashRequest =
  | { readonly kind: 'start'; readonly memory?: SharedArrayBuffer }
  | { readonly kind: 'update'; readonly offset: number; readonly length: number }
  | { readonly kind: 'digest' }
  | { readonly kind: 'finish' };

/** The digest asked for, hexadecimal; otherwise only that the part is hashed. */
export type HashAnswer = string | null;

let memory = new SharedArrayBuffer(0);
let hash: Hash = createHash('sha256');

parentPort?.on('message', (request: HashRequest) => {
  parentPort?.postMessage(answer(request));
});

function answer(request: HashRequest): HashAnswer {
  switch (request.kind) {
    case 'start':
      memory = request.memory ?? memory;
      hash = createHash('sha256');
      return null;
    case 'update':
      hash.update(new Uint8Array(memory, request.offset, request.length));
      return null;
    case 'digest':
      return hash.copy().digest('hex');
    case 'finish':
      return null;
  }
}
