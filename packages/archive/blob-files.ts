/** Reads segments from the blobs' files, each checked before anybody sees it, through a bounded set of open files. */
import { close, open, read } from 'node:fs';
import { promisify } from 'node:util';
import { type Blob, blobPath } from '@osimage/blob-store';
import { Problem, systemCode } from '@osimage/errors';
import { fileName } from './layout.ts';
import type { Piece, SegmentPiece } from './plan.ts';
import { isIntact } from './segment-check.ts';

// The callback API, because FileHandle costs three times as much for a file of 1 KB, and profiles have thousands.
const openFile = promisify(open);
const readFile = promisify(read);
const closeFile = promisify(close);

/** Files kept open although nobody reads them; one is enough for a stream, parallel uploads want one a channel. */
const idleLimit = 16;

/** Reads going on at once for one call: Node's thread pool has four threads. */
const readsAtOnce = 4;

interface OpenFile {
  readonly fd: Promise<number>;
  readers: number;
}

/** Consecutive segments that one read fetches. */
interface Run {
  readonly first: SegmentPiece;
  readonly segments: SegmentPiece[];
  /** Where they go in the target, and how many bytes they are. */
  readonly at: number;
  length: number;
}

export class BlobFiles {
  readonly #storeRoot: string;
  /** In the order of last use. */
  readonly #files = new Map<string, OpenFile>();

  constructor(storeRoot: string) {
    this.#storeRoot = storeRoot;
  }

  /**
   * Puts pieces, end to end, at the start of `target`. Throws Problem blob_damaged naming the file, or the
   * signal's reason; nothing reads into `target` any more when it has thrown.
   */
  async fill(target: Uint8Array, pieces: readonly Piece[], signal?: AbortSignal): Promise<void> {
    const runs = placeInline(target, pieces);
    let next = 0;
    const lane = async (): Promise<void> => {
      while (next < runs.length) {
        const run = runs[next++]!;
        try {
          signal?.throwIfAborted();
          await this.#readRun(target, run);
        } catch (error) {
          next = runs.length;
          throw error;
        }
      }
    };
    const lanes = Array.from({ length: Math.min(readsAtOnce, runs.length) }, lane);
    const failed = (await Promise.allSettled(lanes)).find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
  }

  /** Closes every file. Call it when nothing is being read any more. */
  async close(): Promise<void> {
    const files = [...this.#files.values()];
    this.#files.clear();
    for (const file of files) await closeIfOpen(file);
  }

  async #readRun(target: Uint8Array, { first, segments, at, length }: Run): Promise<void> {
    const file = this.#borrow(first.blob, blobPath(this.#storeRoot, first.blob));
    try {
      const fd = await file.fd;
      for (let done = 0; done < length; ) {
        const { bytesRead } = await readFile(fd, target, at + done, length - done, first.position + done);
        if (bytesRead === 0) throw new Problem('blob_damaged', { name: fileName(first.path) });
        done += bytesRead;
      }
    } catch (error) {
      throw asDamage(error, first);
    } finally {
      await this.#giveBack(file);
    }
    let start = at;
    for (const segment of segments) {
      const end = start + segment.length;
      if (!isIntact(target.subarray(start, end), segment))
        throw new Problem('blob_damaged', { name: fileName(segment.path) });
      start = end;
    }
  }

  #borrow({ physicalName }: Blob, path: string): OpenFile {
    const known = this.#files.get(physicalName);
    const file = known ?? { fd: openFile(path, 'r'), readers: 0 };
    // The next try shall open it again: perhaps there were no descriptors left.
    if (!known) file.fd.catch(() => this.#files.delete(physicalName));
    this.#files.delete(physicalName);
    this.#files.set(physicalName, file);
    file.readers++;
    return file;
  }

  async #giveBack(file: OpenFile): Promise<void> {
    file.readers--;
    if (this.#files.size <= idleLimit) return;
    const oldest = [...this.#files].find(([, { readers }]) => readers === 0);
    if (!oldest) return;
    this.#files.delete(oldest[0]);
    await closeIfOpen(oldest[1]);
  }
}

/** Nothing was written to it, so a close that fails loses nothing; nor is there one to do when opening failed. */
async function closeIfOpen({ fd }: OpenFile): Promise<void> {
  await fd.then(closeFile).catch(() => {});
}

/** Copies the inline pieces and gives the runs of segments that are still to be read. */
function placeInline(target: Uint8Array, pieces: readonly Piece[]): Run[] {
  const runs: Run[] = [];
  let at = 0;
  for (const piece of pieces) {
    const last = runs.at(-1);
    if (piece.kind === 'inline') target.set(piece.bytes, at);
    else if (last && last.at + last.length === at && follows(last, piece)) {
      last.segments.push(piece);
      last.length += piece.length;
    } else runs.push({ first: piece, segments: [piece], at, length: piece.length });
    at += piece.length;
  }
  return runs;
}

function follows({ first, length }: Run, piece: SegmentPiece): boolean {
  return piece.blob.physicalName === first.blob.physicalName && piece.position === first.position + length;
}

/** A blob's file that is missing or unreadable is damage; that this process has no descriptors left is not. */
function asDamage(error: unknown, { path }: SegmentPiece): unknown {
  const code = systemCode(error);
  if (code === 'ENOENT' || code === 'EIO' || code === 'EISDIR' || code === 'ENOTDIR')
    return new Problem('blob_damaged', { name: fileName(path) }, { cause: error });
  return error;
}
