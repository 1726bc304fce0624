/** The public shape of an archive: a .tar.gz that exists as a plan until somebody reads it. */
import type { Blob } from '@osimage/blob-store';

/** One file of the archive whose content is a stored blob. */
export interface ArchiveMember {
  /** Path inside the archive, for example profile/scripts/0123456789abcdef/setup.sh. */
  readonly path: string;
  readonly blob: Blob;
}

export interface ArchiveRequest {
  /** Content of profile/metadata.json, word for word. */
  readonly metadata: string;
  readonly members: readonly ArchiveMember[];
}

/** A planned archive. Its length and every byte are fixed; nothing is written anywhere until it is read. */
export interface Archive {
  /** Exact length of the whole .tar.gz, bytes. */
  readonly size: number;
  /** Bytes before the archive.sha256 member; these can be read at any time, in any order. */
  readonly bodySize: number;
  /**
   * Stands for the bytes, and is known without reading one: two plans with the same one give the same archive.
   * Not its SHA-256.
   */
  readonly identity: string;
  /**
   * Gives the `length` bytes at `offset`, fewer only at the end. The tail holds the digest of the body: the first
   * read that reaches it costs a pass over everything, unless the archive was streamed before.
   * Checks every blob segment it touches. Throws Problem blob_damaged naming the file, or the signal's reason.
   */
  read(offset: number, length: number, signal?: AbortSignal): Promise<Buffer>;
  /**
   * The whole archive in order, in chunks of about 2 MiB, hashing beside the reading; sets `sha256`
   * when it ends. Chunks stay valid only until the next one is asked for, and may lie in shared memory.
   */
  stream(signal?: AbortSignal): AsyncIterable<Buffer>;
  /** Lower-case hexadecimal SHA-256 of the whole archive; undefined until it has been streamed or written once. */
  readonly sha256: string | undefined;
  /** The checksums of its chunks, for CheckedFile; known when `sha256` is. */
  readonly chunks: Buffer | undefined;
  /** Waits for reads under way and closes every file; streams must have ended. */
  close(): Promise<void>;
}
