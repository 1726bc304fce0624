/** Space in the store for an upload: claimed before it is written, and what a disk that is full means. */
import {
  type BlobStore,
  claimRoom,
  diskFull,
  importClaim,
  nextLength,
  storeLimits,
} from '@osimage/blob-store';
import { Problem, systemCode } from '@osimage/errors';
import type { GatewayServices } from '../services.ts';

type Services = Pick<GatewayServices, 'db' | 'storeRoot' | 'settings'>;

/** The store with the limits it has here. */
function storeOf({ storeRoot, settings }: Omit<Services, 'db'>): BlobStore {
  return { root: storeRoot, limits: storeLimits(settings) };
}

export class UploadSpace {
  readonly #services: Services;
  readonly #jobId: string;
  /** Of the file, as far as space is claimed for it. */
  #length = 0;

  constructor(services: Services, jobId: string) {
    this.#services = services;
    this.#jobId = jobId;
  }

  /**
   * Claims space for a file of `length` bytes, 0 when that is not known. Throws Problem no_space or quota_exceeded. An
   * import that has ended meanwhile is told by its lease.
   */
  async claim(length: number, received = 0): Promise<void> {
    if (length === 0) return;
    const { db } = this.#services;
    const claim = { claimed: importClaim(length), written: received };
    await claimRoom(db, storeOf(this.#services), this.#jobId, claim);
    this.#length = length;
  }

  /** Undefined while there is space for `received` bytes of a file; else claims more of it, as claim does. */
  grow(received: number): Promise<void> | undefined {
    return received > this.#length ? this.claim(nextLength(received), received) : undefined;
  }

  /** What a failed write means; other failures stay as they are. */
  async problemOf(error: unknown): Promise<unknown> {
    const code = systemCode(error) ?? '';
    const { db } = this.#services;
    if (code === 'ENOSPC' || code === 'EDQUOT')
      return await diskFull(db, storeOf(this.#services), importClaim(this.#length), error);
    if (code === 'EIO' || code === 'EROFS' || code === 'EFBIG')
      return new Problem('store_unwritable', { detail: code }, { cause: error });
    return error;
  }
}
