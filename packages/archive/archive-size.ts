/** How large an archive will be, before its plan is made: a plan of 10,000 files takes 30 MB to tell one number. */
import { checksumsLength } from './checksums.ts';
import { gzipHeader, storedLength } from './deflate.ts';
import { checkMemberPath, checksumsPath, metadataPath, uniqueMembers } from './layout.ts';
import { tailLength } from './tail.ts';
import { headerLength, padding } from './tar-header.ts';

export interface MemberSize {
  readonly path: string;
  readonly sha256: string;
  /** Bytes of the content, and of its segments. */
  readonly rawSize: number;
  readonly packedSize: number;
}

/**
 * Bytes an archive will have, exactly as planArchive has it, from the lengths of its blobs. Throws Problem conflict or
 * bad_name as planArchive does.
 */
export function archiveSize(metadata: string, members: readonly MemberSize[]): number {
  const unique = uniqueMembers(members, ({ sha256 }) => sha256);
  const metadataBytes = Buffer.byteLength(metadata);
  const fileLength = (path: string, bytes: number) =>
    headerLength(path, bytes) + bytes + padding(bytes).length;
  let size = gzipHeader.length;
  // What goes inline is packed together up to the next segment.
  let inline = fileLength(metadataPath, metadataBytes);
  for (const { path, sha256, rawSize, packedSize } of unique) {
    checkMemberPath(path, sha256);
    size += storedLength(inline + headerLength(path, rawSize)) + packedSize;
    inline = padding(rawSize).length;
  }
  const paths = [metadataPath, ...unique.map(({ path }) => path)];
  size += storedLength(inline + fileLength(checksumsPath, checksumsLength(paths)));
  return size + tailLength;
}
