/** The file operations of deliveries and imports, one request each, over one channel. All throw SftpStatus. */
import type { SftpChannel } from './channel.ts';
import { hasStatus, SftpStatus } from './errors.ts';
import { type Attributes, openFlag, permissions, reply, request, status } from './packets.ts';

const fileType = { mask: 0o170000, folder: 0o040000, regular: 0o100000 } as const;

/** SSH2_FXE_STATVFS_ST_RDONLY, of OpenSSH's PROTOCOL, section 4.5. */
const READ_ONLY = 1n;

export interface FileSystem {
  /** Bytes this user may still write. */
  readonly freeBytes: number;
  readonly isReadOnly: boolean;
}

export class SftpFiles {
  readonly channel: SftpChannel;
  readonly #signal: AbortSignal | undefined;

  /** With a signal, every operation gives up when it aborts; without one it does not (for cleaning up). */
  constructor(channel: SftpChannel, signal?: AbortSignal) {
    this.channel = channel;
    this.#signal = signal;
  }

  /** Absolute form of an existing path; "." is where the login landed. */
  async realpath(path: string): Promise<string> {
    const { fields } = await this.#ask(request.realpath, reply.name, path);
    if (fields.uint32() < 1) throw new SftpStatus(status.badMessage, 'it gave no name');
    return fields.text();
  }

  /** Follows symbolic links; undefined when there is nothing. */
  stat(path: string): Promise<Attributes | undefined> {
    return this.#attributes(request.stat, path);
  }

  /** Does not follow symbolic links; undefined when there is nothing. */
  lstat(path: string): Promise<Attributes | undefined> {
    return this.#attributes(request.lstat, path);
  }

  async makeFolder(path: string): Promise<void> {
    // No attributes: who may enter the folder is for the server's own umask to say.
    await this.#ask(request.mkdir, reply.status, path, 0);
  }

  /** Makes a file that was not there, readable by its owner only; a link of that name is not followed. */
  async create(path: string): Promise<Buffer> {
    const flags = openFlag.write | openFlag.create | openFlag.exclusive;
    const { fields } = await this.#ask(request.open, reply.handle, path, flags, ...permissions(0o600));
    return Buffer.from(fields.bytes());
  }

  async openToRead(path: string): Promise<Buffer> {
    const { fields } = await this.#ask(request.open, reply.handle, path, openFlag.read, 0);
    return Buffer.from(fields.bytes());
  }

  /** Opens a file that is there. */
  async openToWrite(path: string): Promise<Buffer> {
    const { fields } = await this.#ask(request.open, reply.handle, path, openFlag.write, 0);
    return Buffer.from(fields.bytes());
  }

  async close(handle: Buffer): Promise<void> {
    await this.#ask(request.close, reply.status, handle);
  }

  /** Waits until the content is on the server's disk, where the server can tell. */
  async sync(handle: Buffer): Promise<void> {
    if (!this.channel.offers('fsync@openssh.com', '1')) return;
    await this.#ask(request.extended, reply.status, 'fsync@openssh.com', handle);
  }

  async remove(path: string): Promise<void> {
    await this.#ask(request.remove, reply.status, path);
  }

  /** Gives `from` the name `to`, at once in the place of what lies there where the server can do that. */
  async rename(from: string, to: string): Promise<void> {
    if (!this.channel.offers('posix-rename@openssh.com', '1')) return await this.renamePlainly(from, to);
    await this.#ask(request.extended, reply.status, 'posix-rename@openssh.com', from, to);
  }

  /**
   * Whether `rename` is surely that of the operating system, which replaces a link: ProFTPD's mod_sftp offers the same
   * request and replaces the file that the link leads to, but does not know the limits of OpenSSH 8.5.
   */
  get replacesLinks(): boolean {
    return (
      this.channel.offers('posix-rename@openssh.com', '1') && this.channel.offers('limits@openssh.com', '1')
    );
  }

  /** Whether a link lies there; `lstat` does not tell on every server: mod_sftp follows it. */
  async isLink(path: string): Promise<boolean> {
    try {
      await this.#ask(request.readlink, reply.name, path);
      return true;
    } catch (error) {
      if (error instanceof SftpStatus) return false;
      throw error;
    }
  }

  /** As version 3 has it: a file that lies there is not replaced. */
  async renamePlainly(from: string, to: string): Promise<void> {
    await this.#ask(request.rename, reply.status, from, to);
  }

  /** The file system of `path`; undefined when the server does not tell. */
  async fileSystem(path: string): Promise<FileSystem | undefined> {
    if (!this.channel.offers('statvfs@openssh.com', '2')) return undefined;
    const { fields } = await this.#ask(request.extended, reply.extended, 'statvfs@openssh.com', path);
    fields.uint64(); // preferred block size
    const unit = fields.uint64();
    fields.uint64(); // blocks
    fields.uint64(); // free blocks, also for root
    const freeBytes = Number(unit * fields.uint64());
    for (let skipped = 0; skipped < 4; skipped += 1) fields.uint64(); // three about i-nodes, and its number
    return { freeBytes, isReadOnly: (fields.uint64() & READ_ONLY) !== 0n };
  }

  async #attributes(type: number, path: string): Promise<Attributes | undefined> {
    try {
      return (await this.#ask(type, reply.attributes, path)).fields.attributes();
    } catch (error) {
      if (hasStatus(error, status.noSuchFile) || isBelowFile(error)) return undefined;
      throw error;
    }
  }

  async #ask(type: number, expected: number, ...fields: Parameters<SftpChannel['request']>[1]) {
    const answer = await this.channel.request(type, fields, this.#signal);
    if (answer.type !== expected) throw new SftpStatus(status.badMessage, 'its answer is of the wrong kind');
    return answer;
  }
}

export function isFolder(attributes: Attributes): boolean {
  return attributes.mode !== undefined && (attributes.mode & fileType.mask) === fileType.folder;
}

/** Whether it is a plain file, as far as the server tells. */
export function isRegular(attributes: Attributes): boolean {
  return attributes.mode === undefined || (attributes.mode & fileType.mask) === fileType.regular;
}

/** Below a file there is nothing, which ProFTPD's mod_sftp calls a failure. */
function isBelowFile(error: unknown): boolean {
  return (
    hasStatus(error, status.failure) && error instanceof Error && /^not a directory/i.test(error.message)
  );
}
