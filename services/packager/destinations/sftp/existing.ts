/**
 * Whether the archive lies under its final name already. The proof is that every byte was read back and compared;
 * a `.sha256` beside it proves nothing about the file. Another archive is told early: the names of all content and
 * their digests stand at its beginning (metadata.json).
 */
import { SftpStatus } from '../../sftp/errors.ts';
import { isRegular, type SftpFiles } from '../../sftp/files.ts';
import type { Attributes } from '../../sftp/packets.ts';
import { equalUntil } from '../compare.ts';
import type { Delivery } from '../destination.ts';
import { remoteContent } from './compare.ts';

/** Whether it does; `found` is what lies there. Afterwards the archive knows its sha256. */
export async function isThisArchive(
  files: SftpFiles,
  delivery: Delivery,
  path: string,
  found: Attributes | undefined,
): Promise<boolean> {
  const { archive, onProgress, onStep, signal } = delivery;
  if (found === undefined || !isRegular(found) || found.size !== archive.size || archive.size === 0)
    return false;
  onStep('comparing with the file that lies there');
  try {
    const equal = await equalUntil(archive.stream(signal), remoteContent(files, path, signal), onProgress);
    return equal === archive.size;
  } catch (error) {
    // What cannot be read proves nothing.
    if (error instanceof SftpStatus || error instanceof RangeError) return false;
    throw error;
  }
}

/** Whether the small file at `path` holds just `line`. */
export async function holdsLine(
  files: SftpFiles,
  path: string,
  line: Buffer,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const found = await files.lstat(path);
    if (found === undefined || !isRegular(found) || found.size !== line.length) return false;
    const pieces: Buffer[] = [];
    for await (const piece of remoteContent(files, path, signal)) pieces.push(piece);
    return Buffer.concat(pieces).equals(line);
  } catch (error) {
    if (error instanceof SftpStatus || error instanceof RangeError) return false;
    throw error;
  }
}
