/** What a store and a blob are: content packed once as raw-deflate segments that can be spliced into any archive. */

import type { StoreLimits } from './limits.ts';

export interface BlobStore {
  /** Absolute path of the store's folder. */
  readonly root: string;
  /** Absent: none. */
  readonly limits?: StoreLimits;
}

/** One segment: about 1 MiB of content as raw deflate that ends on a byte boundary (RFC 1951), not final. */
export interface Segment {
  /** Bytes of content. */
  readonly rawLength: number;
  /** Bytes in the blob's file. */
  readonly packedLength: number;
  /** CRC-32 (RFC 1952) of the content. */
  readonly rawCrc: number;
  /** CRC-32 of the packed bytes, to find rot before it is published. */
  readonly packedCrc: number;
}

export interface Blob {
  /** SHA-256 of the content, lower-case hexadecimal. */
  readonly sha256: string;
  /** Name of the file below the store's blobs folder. */
  readonly physicalName: string;
  /** Bytes of content. */
  readonly rawSize: number;
  /** Bytes in the blob's file. */
  readonly packedSize: number;
  /** In order, end to end in the file. */
  readonly segments: readonly Segment[];
  /** Version of the encoder that packed it; equal versions pack equal content to equal bytes. */
  readonly encoder: number;
}
