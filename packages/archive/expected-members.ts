/**
 * Checks the members of an archive one after another. metadata.json comes first and tells all that follow:
 * path, size and digest of each, and so the text of checksums.sha256.
 */
import { isUtf8 } from 'node:buffer';
import { createHash, type Hash } from 'node:crypto';
import { Problem } from '@osimage/errors';
import { checksumsText } from './checksums.ts';
import { checksumsPath, digestPath, metadataLimit, metadataPath } from './layout.ts';
import { type ArchiveFile, archiveFiles, type Metadata } from './metadata.ts';
import { parseMetadata } from './parse-metadata.ts';
import { quoted, type TarHandler } from './tar-reader.ts';

export class ExpectedMembers implements TarHandler {
  metadata: Metadata | undefined;
  /** Text of archive.sha256; empty until it was read. */
  digestText = '';
  /** Members in order; what comes after the metadata is known once that was read. */
  #expected: readonly ArchiveFile[] = [];
  #next = 0;
  #metadataSha256 = '';
  /** Text checksums.sha256 must have. */
  #checksums = '';
  #current: { readonly path: string; readonly hash: Hash; readonly text: Buffer[] | undefined } | undefined;

  begin(path: string, size: number): void {
    if (this.#next === 0) {
      if (path !== metadataPath)
        throw new Problem('archive_damaged', { detail: `it does not begin with ${metadataPath}` });
      if (size > metadataLimit) throw damaged(path, 'is too large');
    } else {
      const expected = this.#expected[this.#next - 1];
      if (expected?.path !== path)
        throw damaged(expected?.path ?? digestPath, `is missing, ${quoted(path)} is in its place`);
      // The size of archive.sha256 depends on the archive's; its text is compared as a whole.
      if (expected.size !== size && path !== digestPath)
        throw damaged(path, `has ${size} bytes instead of ${expected.size}`);
      if (path === digestPath && size > 512) throw damaged(path, 'is too large');
    }
    const own = [metadataPath, checksumsPath, digestPath].includes(path);
    this.#current = { path, hash: createHash('sha256'), text: own ? [] : undefined };
  }

  content(bytes: Buffer): void {
    this.#current?.hash.update(bytes);
    this.#current?.text?.push(Buffer.from(bytes));
  }

  end(): void {
    if (!this.#current) return;
    const { path, hash, text } = this.#current;
    const sha256 = hash.digest('hex');
    const content = Buffer.concat(text ?? []);
    if (path === metadataPath) this.#readMetadata(content, sha256);
    else if (path === digestPath) this.digestText = content.toString();
    else if (this.#expected[this.#next - 1]?.sha256 !== sha256)
      throw this.#unlike(path, sha256, content.toString());
    this.#current = undefined;
    this.#next++;
  }

  /** The member that is being read or comes next: where the damage is when reading fails. */
  get position(): string {
    return (
      this.#current?.path ??
      (this.#next === 0 ? metadataPath : (this.#expected[this.#next - 1]?.path ?? digestPath))
    );
  }

  /** The members after the one at `position`, in order. */
  get following(): readonly ArchiveFile[] {
    return this.#expected.slice(this.#next === 0 ? 0 : this.#next);
  }

  get complete(): boolean {
    return this.#next > 0 && this.#next === this.#expected.length + 1;
  }

  /**
   * Which one is damaged when a member is not what metadata.json says: another content has quite another digest, while
   * damage in metadata.json changes few of the digits it tells, or the digest of itself in checksums.sha256.
   */
  #unlike(path: string, sha256: string, text: string): Problem {
    const expected = this.#expected[this.#next - 1]?.sha256 ?? '';
    const ofMetadata = text.split('\n').find((line) => line.endsWith(`  ${metadataPath}`)) ?? '';
    const changed =
      path === checksumsPath
        ? text.replace(ofMetadata.slice(0, 64), this.#metadataSha256) === this.#checksums &&
          !isLike(ofMetadata, this.#metadataSha256)
        : isLike(expected, sha256);
    return changed
      ? damaged(metadataPath, 'does not go with the rest')
      : damaged(path, 'does not match its checksum');
  }

  #readMetadata(content: Buffer, sha256: string): void {
    if (!isUtf8(content)) throw damaged(metadataPath, 'is not text in UTF-8');
    this.metadata = parseMetadata(content.toString());
    const files = archiveFiles(this.metadata);
    this.#metadataSha256 = sha256;
    this.#checksums = checksumsText([{ path: metadataPath, sha256 }, ...files]);
    const checksums = Buffer.from(this.#checksums);
    this.#expected = [
      ...files,
      {
        path: checksumsPath,
        size: checksums.length,
        sha256: createHash('sha256').update(checksums).digest('hex'),
      },
      { path: digestPath, size: 0, sha256: '' },
    ];
  }
}

/** Whether two digests have more digits in common than two different contents ever have. */
function isLike(one: string, other: string): boolean {
  return [...other].filter((digit, at) => one[at] === digit).length > 32;
}

/** Names the member in its parameters, too. */
export function damaged(member: string, what: string, cause?: unknown): Problem {
  return new Problem('archive_damaged', { detail: `${member} ${what}`, member }, { cause });
}
