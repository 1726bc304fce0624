/** One pass over the whole store: all content, then all archives. It can be stopped and goes on from there. */
import { type BlobStore, findDamage, loadBlobs } from '@osimage/blob-store';
import {
  type ArchiveRow,
  beginPass,
  bytesToScrub,
  contentAfter,
  type Database,
  listArchives,
  markArchive,
  markBlob,
  type ScrubPass,
  savePass,
  tryLockScrub,
} from '@osimage/database';
import { Problem } from '@osimage/errors';
import { findArchiveDamage } from './archive-damage.ts';
import { Pace } from './pace.ts';

export interface ScrubOptions {
  readonly deep: boolean;
  readonly restart: boolean;
  /** 0: as fast as it goes. */
  readonly bytesPerSecond: number;
  /** Stops it; what was checked stays checked. */
  readonly signal: AbortSignal;
  /** Told the bytes checked by this pass and those there are, now and then. */
  readonly onProgress?: (done: number, total: number) => void;
}

export interface ScrubResult {
  /** Whether the pass came to its end. */
  readonly complete: boolean;
  /** Checked by the whole pass, also by earlier runs of it. */
  readonly pass: Pick<ScrubPass, 'startedAt' | 'blobs' | 'archives' | 'bytes'>;
}

const pageLength = 50;
const saveEveryMs = 1_000;

/**
 * Checks everything, or what a stopped pass has left, and writes down in the rows what is damaged and what is not any
 * more. Throws Problem store_busy when another scrub runs.
 */
export async function scrub(db: Database, store: BlobStore, options: ScrubOptions): Promise<ScrubResult> {
  return await db.transaction(async (tx) => {
    if (!(await tryLockScrub(tx))) throw new Problem('store_busy');
    const pass = await beginPass(db, options.deep, options.restart);
    const run = new Run(db, store, options, pass, await bytesToScrub(db));
    try {
      await run.content();
      await run.archives();
    } catch (error) {
      await run.save(false);
      if (!options.signal.aborted) throw error;
      return { complete: false, pass };
    }
    await run.save(true);
    return { complete: true, pass };
  });
}

class Run {
  readonly #db: Database;
  readonly #store: BlobStore;
  readonly #options: ScrubOptions;
  readonly #pass: ScrubPass;
  readonly #total: number;
  readonly #pace: Pace;
  /** Of the item being checked; it counts when it is done, because a stopped one is checked again. */
  #itemBytes = 0;
  #savedAt = performance.now();

  constructor(db: Database, store: BlobStore, options: ScrubOptions, pass: ScrubPass, total: number) {
    this.#db = db;
    this.#store = store;
    this.#options = options;
    this.#pass = pass;
    this.#total = total;
    this.#pace = new Pace(options.bytesPerSecond);
  }

  async content(): Promise<void> {
    while (this.#pass.archive === null) {
      const page = await contentAfter(this.#db, this.#pass.blob, pageLength);
      for (const { sha256, damage } of page) {
        await this.#checkContent(sha256, damage);
        this.#pass.blob = sha256;
        this.#pass.blobs++;
        await this.#itemDone();
      }
      if (page.length === 0) this.#pass.archive = '';
    }
  }

  async archives(): Promise<void> {
    for (;;) {
      const page = await listArchives(this.#db, this.#pass.archive ?? '', pageLength);
      for (const archive of page) {
        await this.#checkArchive(archive);
        this.#pass.archive = archive.id;
        this.#pass.archives++;
        await this.#itemDone();
      }
      if (page.length === 0) return;
    }
  }

  async save(ended: boolean): Promise<void> {
    await savePass(this.#db, this.#options.deep, this.#pass, ended);
  }

  /** Content that is collected or gets another file meanwhile is looked at again: the row says what counts. */
  async #checkContent(sha256: string, known: string | null): Promise<void> {
    const { deep, signal } = this.#options;
    for (;;) {
      const blob = (await loadBlobs(this.#db, [sha256])).get(sha256);
      if (!blob) return;
      const damage = await findDamage(this.#store.root, blob, { deep, signal, onRead: this.#read });
      if (damage === undefined && known === null) return;
      if (await markBlob(this.#db, sha256, blob.physicalName, damage ?? null)) return;
    }
  }

  async #checkArchive(archive: ArchiveRow): Promise<void> {
    const options = { deep: this.#options.deep, onRead: this.#read };
    const damage = await findArchiveDamage(this.#db, this.#store.root, archive, options);
    // One that is deleted meanwhile is not damaged: nothing is written down.
    if (damage !== undefined || archive.damage !== null)
      await markArchive(this.#db, archive.id, damage ?? null);
  }

  readonly #read = async (bytes: number): Promise<void> => {
    this.#itemBytes += bytes;
    this.#options.onProgress?.(this.#pass.bytes + this.#itemBytes, this.#total);
    await this.#pace.spend(bytes, this.#options.signal);
  };

  async #itemDone(): Promise<void> {
    this.#options.signal.throwIfAborted();
    this.#pass.bytes += this.#itemBytes;
    this.#itemBytes = 0;
    if (performance.now() - this.#savedAt < saveEveryMs) return;
    this.#savedAt = performance.now();
    await this.save(false);
  }
}
