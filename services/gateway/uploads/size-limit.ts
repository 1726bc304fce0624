/** How large an upload may be. */
import { Problem } from '@osimage/errors';

/** What a multipart body holds beside the file, at most: boundaries, part headers, small fields. */
const wrappingBytes = 64 * 1024;

/** Refuses a file of `bytes` bytes, announced or counted. Throws Problem upload_too_large. */
export function refuseLargeFile(bytes: number, limit: number): void {
  if (bytes > limit) throw new Problem('upload_too_large', { limit });
}

/** The same before a body of `bytes` bytes is read, from which the file cannot be told exactly. */
export function refuseLargeBody(bytes: number, limit: number): void {
  refuseLargeFile(bytes - wrappingBytes, limit);
}
