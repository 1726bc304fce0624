/**
 * Whether there is room for an archive. For a full disk, a quota and a broken disk alike SFTP servers only say "failure", so
 * what is meant has to be found out by asking for more.
 */
import { posix } from 'node:path';
import { Problem } from '@osimage/errors';
import type { ServerProfile } from '../../server-profile.ts';
import { hasStatus, SftpStatus } from '../../sftp/errors.ts';
import type { FileSystem, SftpFiles } from '../../sftp/files.ts';
import { status } from '../../sftp/packets.ts';

/**
 * Throws Problem remote_no_space or remote_read_only when the server says that less than `needed` bytes are free around
 * `path`, or that nothing can be written there.
 */
export async function checkSpace(
  files: SftpFiles,
  server: ServerProfile,
  path: string,
  needed: number,
): Promise<void> {
  const found = await fileSystem(files, path);
  if (found?.isReadOnly) throw new Problem('remote_read_only', { address: server.address, path });
  const available = found?.freeBytes;
  if (available === undefined || available >= Math.max(needed, 1)) return;
  throw new Problem('remote_no_space', { address: server.address, needed, available });
}

/** A file of which a write was refused. */
export interface RefusedFile {
  readonly path: string;
  readonly handle: Buffer;
  /** Bytes that were to be written altogether, and those that are. */
  readonly size: number;
  readonly written: number;
  /** The first byte of the content. */
  readonly firstByte: (() => Promise<Buffer>) | undefined;
}

/**
 * What a refused write means although the disk has space; undefined: just what the server said. Where it still takes a byte
 * in a place that is written already and nothing beyond, it is a quota or a limit of the size, which does not go by.
 * Throws what the channel throws.
 */
export async function quotaProblem(
  files: SftpFiles,
  { address }: ServerProfile,
  file: RefusedFile,
  cause: unknown,
): Promise<Problem | undefined> {
  if (!hasStatus(cause, status.failure)) return undefined;
  const { firstByte, handle, path, size, written } = file;
  const free = (await fileSystem(files, posix.dirname(path)))?.freeBytes;
  const although = free === undefined ? '' : `, although ${free} bytes are free there`;
  if (written === 0) {
    const detail = `it takes not one byte${although}; perhaps a quota is used up`;
    return new Problem('remote_failed', { address, action: 'write', detail }, { cause });
  }
  if (firstByte === undefined) return undefined;
  try {
    await files.channel.write(handle, 0, await firstByte());
  } catch (error) {
    if (error instanceof SftpStatus) return undefined;
    throw error;
  }
  const detail = `it takes no more than about ${written} bytes${although}`;
  return new Problem('remote_full', { address, needed: size, detail }, { cause });
}

/** A server that cannot tell is not a full one. */
async function fileSystem(files: SftpFiles, path: string): Promise<FileSystem | undefined> {
  return await files.fileSystem(path).catch((error: unknown) => {
    if (error instanceof SftpStatus || error instanceof RangeError) return undefined;
    throw error;
  });
}
