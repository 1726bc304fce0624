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
   * Reads up to `length` bytes at `offset`, from the body or, once the digest of the body is known, from the tail.
   * Checks every blob segment it touches. Throws Problem blob_damaged naming the file.
   */
  read(offset: number, length: number, signal?: AbortSignal): Promise<Buffer>;
  /**
   * The whole archive in order, in chunks of about 1 MiB, hashing beside the reading; sets `sha256`
   * when it ends. Chunks stay valid only until the next one is asked for.
   */
  stream(signal?: AbortSignal): AsyncIterable<Buffer>;
  /** Lower-case hexadecimal SHA-256 of the whole archive; undefined until it has been streamed or written once. */
  readonly sha256: string | undefined;
  close(): Promise<void>;
}
