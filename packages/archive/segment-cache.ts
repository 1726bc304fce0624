/**
 * Segments read lately, for readers that take an archive in ranges smaller than a segment: a segment can only
 * be checked whole, and reading 1 MiB four times for four ranges of it would cost as much again each time.
 */
import type { BlobFiles } from './blob-files.ts';
import type { SegmentPiece } from './plan.ts';

/** One segment, about 1 MiB, for each of the channels of a parallel upload. */
const segmentsKept = 8;

export class SegmentCache {
  readonly #files: BlobFiles;
  /** By where they lie in the archive, in the order of last use. */
  readonly #kept = new Map<number, Promise<Buffer>>();

  constructor(files: BlobFiles) {
    this.#files = files;
  }

  /** Gives the bytes of a segment, checked. Throws Problem blob_damaged naming the file. */
  get(piece: SegmentPiece): Promise<Buffer> {
    const { offset } = piece;
    const known = this.#kept.get(offset);
    const bytes = known ?? this.#read(piece);
    this.#kept.delete(offset);
    this.#kept.set(offset, bytes);
    const oldest = this.#kept.keys().next().value;
    if (this.#kept.size > segmentsKept && oldest !== undefined) this.#kept.delete(oldest);
    return bytes;
  }

  async #read(piece: SegmentPiece): Promise<Buffer> {
    // Not with a caller's signal: several callers may wait for the same bytes.
    const bytes = Buffer.allocUnsafeSlow(piece.length);
    try {
      await this.#files.fill(bytes, [piece]);
    } catch (error) {
      this.#kept.delete(piece.offset);
      throw error;
    }
    return bytes;
  }
}
