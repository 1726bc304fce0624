/**
 * Sends a growing file to the disk while it grows. Left to itself the kernel keeps hundreds of megabytes in
 * memory, and the sync at the end waits for all of them while nothing else happens.
 */
import type { FileHandle } from 'node:fs/promises';

/** Unsynced bytes that start a sync; each costs a commit of the file system's journal. */
const syncEvery = 32 * 1024 * 1024;

export class BackgroundSync {
  readonly #file: FileHandle;
  readonly #enabled: boolean;
  #unsynced = 0;
  #running: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(file: FileHandle, enabled: boolean) {
    this.#file = file;
    this.#enabled = enabled;
  }

  /** Call it after each write. Throws as check does. */
  wrote(bytes: number): void {
    this.check();
    this.#unsynced += bytes;
    if (!this.#enabled || this.#running || this.#unsynced < syncEvery) return;
    this.#unsynced = 0;
    this.#running = this.#file.datasync().then(
      () => {
        this.#running = undefined;
      },
      (error) => {
        this.#running = undefined;
        this.#failure = { error };
      },
    );
  }

  /** Kept when nothing runs any more. */
  async settled(): Promise<void> {
    await this.#running;
  }

  /** Throws what a sync failed with, which some systems report only once. */
  check(): void {
    if (this.#failure) throw this.#failure.error;
  }
}
