/** A planned archive as something that can be read: from the beginning to the end, or any range of it. */
import { BlobFiles } from './blob-files.ts';
import { planChunks } from './chunk-index.ts';
import { planIdentity } from './identity.ts';
import { type Piece, type Plan, pieceAt, planArchive } from './plan.ts';
import { SegmentCache } from './segment-cache.ts';
import { type StreamDigests, streamPlan } from './stream.ts';
import type { Archive, ArchiveRequest } from './types.ts';

/**
 * Plans an archive whose blobs lie below `storeRoot`; reads nothing yet. Throws the Problems of planArchive.
 * Close it when it is no longer needed.
 */
export function openArchive(request: ArchiveRequest, storeRoot: string): Archive {
  return new PlannedArchive(planArchive(request), new BlobFiles(storeRoot));
}

class PlannedArchive implements Archive {
  readonly #plan: Plan;
  readonly #files: BlobFiles;
  readonly #segments: SegmentCache;
  #digests: StreamDigests | undefined;
  /** Calls that are reading; closing waits for them. */
  readonly #reading = new Set<Promise<unknown>>();
  #tail: Buffer | undefined;
  #identity: string | undefined;

  constructor(plan: Plan, files: BlobFiles) {
    this.#plan = plan;
    this.#files = files;
    this.#segments = new SegmentCache(files);
  }

  get size(): number {
    return this.#plan.tail.archiveSize;
  }

  get bodySize(): number {
    return this.#plan.tail.bodySize;
  }

  get identity(): string {
    this.#identity ??= planIdentity(this.#plan);
    return this.#identity;
  }

  get sha256(): string | undefined {
    return this.#digests?.whole;
  }

  get chunks(): Buffer | undefined {
    return this.#digests && planChunks(this.#plan.pieces, this.#plan.tail.bytes(this.#digests.body));
  }

  async read(offset: number, length: number, signal?: AbortSignal): Promise<Buffer> {
    if (!Number.isSafeInteger(offset) || offset < 0) throw new RangeError(`offset ${offset}`);
    signal?.throwIfAborted();
    const end = Math.min(offset + length, this.size);
    if (end <= offset) return Buffer.alloc(0);
    const reading = this.#read(offset, end, signal);
    this.#reading.add(reading);
    try {
      return await reading;
    } finally {
      this.#reading.delete(reading);
    }
  }

  async *stream(signal?: AbortSignal): AsyncGenerator<Buffer, void> {
    const chunks = streamPlan(this.#plan, this.#files, signal);
    this.#digests = yield* chunks;
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#reading);
    await this.#files.close();
  }

  async #read(offset: number, end: number, signal?: AbortSignal): Promise<Buffer> {
    const target = Buffer.allocUnsafe(end - offset);
    if (offset < this.bodySize) await this.#readBody(target, offset, Math.min(end, this.bodySize), signal);
    if (end > this.bodySize) {
      const tail = await this.#readTail(signal);
      tail.copy(
        target,
        Math.max(0, this.bodySize - offset),
        Math.max(0, offset - this.bodySize),
        end - this.bodySize,
      );
    }
    signal?.throwIfAborted();
    return target;
  }

  async #readBody(target: Buffer, offset: number, end: number, signal?: AbortSignal): Promise<void> {
    const { pieces } = this.#plan;
    const first = pieceAt(pieces, offset);
    const last = pieceAt(pieces, end - 1);
    const whole: Piece[] = [];
    for (const piece of pieces.slice(first, last + 1)) {
      if (piece.offset >= offset && piece.offset + piece.length <= end) whole.push(piece);
      else await this.#copyPart(target, offset, end, piece);
    }
    const wholeFrom = whole[0]?.offset ?? offset;
    await this.#files.fill(target.subarray(wholeFrom - offset), whole, signal);
  }

  async #copyPart(target: Buffer, offset: number, end: number, piece: Piece): Promise<void> {
    const bytes = piece.kind === 'inline' ? piece.bytes : await this.#segments.get(piece);
    const from = Math.max(offset, piece.offset);
    bytes.copy(
      target,
      from - offset,
      from - piece.offset,
      Math.min(end, piece.offset + piece.length) - piece.offset,
    );
  }

  /** The tail holds the digest of the body: the first one to ask for it pays for a pass over everything. */
  async #readTail(signal?: AbortSignal): Promise<Buffer> {
    if (!this.#digests) for await (const _ of this.stream(signal));
    const digests: StreamDigests | undefined = this.#digests;
    this.#tail ??= this.#plan.tail.bytes(digests?.body ?? '');
    return this.#tail;
  }
}
