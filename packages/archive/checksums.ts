/** The text of the two checksum members (contract, C-6). */
import { sortByPath } from './layout.ts';

interface Checksum {
  readonly path: string;
  readonly sha256: string;
}

/** profile/checksums.sha256: lines for `sha256sum -c`, run in the folder the archive was unpacked in. */
export function checksumsText(checksums: readonly Checksum[]): string {
  return sortByPath(checksums)
    .map(({ path, sha256 }) => `${sha256}  ${path}\n`)
    .join('');
}

/** Bytes of checksumsText for these paths. */
export function checksumsLength(paths: readonly string[]): number {
  const digestAndMore = 64 + 2 + 1;
  return paths.reduce((sum, path) => sum + digestAndMore + Buffer.byteLength(path), 0);
}

/** profile/archive.sha256: the digest of the first `length` bytes of the .tar.gz, and that length. */
export function digestText(bodySha256: string, length: number): string {
  return `${bodySha256}  ${length}\n`;
}
