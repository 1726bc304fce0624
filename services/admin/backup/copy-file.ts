/** One file copied and hashed at once. */
import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';

const pieceBytes = 1024 * 1024;

export interface Copied {
  readonly sha256: string;
  readonly bytes: number;
}

export interface CopyOptions {
  readonly signal: AbortSignal;
  /** Sees every byte in order; valid only until it returns. */
  readonly onBytes?: (bytes: Buffer) => void;
}

/** Reads `from` to its end into a new file `to`, synced and readable by nobody else; without `to` it is only read. */
export async function copyFile(
  from: string,
  to: string | undefined,
  { signal, onBytes }: CopyOptions,
): Promise<Copied> {
  const source = await open(from, 'r');
  let target: FileHandle | undefined;
  try {
    if (to !== undefined) target = await create(to);
    const hash = createHash('sha256');
    const buffer = Buffer.allocUnsafeSlow(pieceBytes);
    let bytes = 0;
    for (;;) {
      signal.throwIfAborted();
      const { bytesRead } = await source.read(buffer, 0, pieceBytes, null);
      if (bytesRead === 0) break;
      const piece = buffer.subarray(0, bytesRead);
      hash.update(piece);
      onBytes?.(piece);
      // A file handle's own writeFile goes on where it is, and writes all.
      await target?.writeFile(piece);
      bytes += bytesRead;
    }
    await target?.sync();
    return { sha256: hash.digest('hex'), bytes };
  } finally {
    await source.close();
    await target?.close();
  }
}

/** A new file with all its folders, for its owner only. */
export async function create(path: string): Promise<FileHandle> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  return await open(path, 'wx', 0o600);
}
