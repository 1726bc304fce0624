/** SHA-256 of a stream that lies in a ring of slots: on a thread of its own, or in place when it is small. */
import { createHash } from 'node:crypto';
import { borrowHashThread, type HashThread } from './hash-thread.ts';

export interface Hasher {
  /** The ring's memory. */
  readonly memory: Uint8Array;
  /** Hashes a part of the memory, which must not change until the promise is kept. Calls count in their order. */
  update(offset: number, length: number): Promise<void>;
  /** Digest of all updates so far, hexadecimal; more may follow. */
  digest(): Promise<string>;
  /** Always call it, also after a failure. */
  close(): void;
}

// Waking a thread, and starting the first one (about 50 ms), is not worth it below this many bytes: 8 MiB hash in 4 ms.
const threadFrom = 8 * 1024 * 1024;

/** Takes the size of the ring and of all that will be hashed, in bytes. */
export function createHasher(memorySize: number, total: number): Hasher {
  return total < threadFrom ? new InPlaceHasher(memorySize) : new ThreadHasher(memorySize);
}

class InPlaceHasher implements Hasher {
  readonly memory: Uint8Array;
  readonly #hash = createHash('sha256');

  constructor(memorySize: number) {
    this.memory = new Uint8Array(memorySize);
  }

  async update(offset: number, length: number): Promise<void> {
    this.#hash.update(this.memory.subarray(offset, offset + length));
  }

  async digest(): Promise<string> {
    return this.#hash.copy().digest('hex');
  }

  close(): void {}
}

class ThreadHasher implements Hasher {
  readonly memory: Uint8Array;
  readonly #thread: HashThread;

  constructor(memorySize: number) {
    this.#thread = borrowHashThread();
    this.memory = this.#thread.start(memorySize);
  }

  async update(offset: number, length: number): Promise<void> {
    await this.#thread.ask({ kind: 'update', offset, length });
  }

  async digest(): Promise<string> {
    return (await this.#thread.ask({ kind: 'digest' })) ?? '';
  }

  close(): void {
    this.#thread.giveBack();
  }
}
