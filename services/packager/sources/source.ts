/** Where a file can be fetched from. One file a protocol beside this one; jobs/ only knows this interface. */
import type { SecureAccess } from '../server-profile.ts';

export interface FetchRequest extends SecureAccess {
  /** As normaliseTargetPath leaves it; never a folder's. */
  readonly path: string;
}

export interface RemoteFile {
  /** Bytes; undefined when the server does not tell. */
  readonly size: number | undefined;
  /**
   * The content from the first to the last byte, once. Each chunk belongs to whoever takes it. Throws a Problem,
   * or anything when the signal of the request aborts.
   */
  content(): AsyncIterable<Buffer>;
  /** Ends the connection, also in the middle of the content. */
  close(): Promise<void>;
}

/**
 * Finds the file and gets ready to read it; throws a Problem and leaves no connection behind. From then on the
 * caller closes the file; when the signal aborts, the connection ends at once.
 */
export type Source = (request: FetchRequest) => Promise<RemoteFile>;
