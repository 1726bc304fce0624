/** One file under its temporary name: made, filled, brought to rest and measured, or taken away again. */
import { posix } from 'node:path';
import { Problem } from '@osimage/errors';
import type { ServerProfile } from '../../server-profile.ts';
import { remoteProblem, SftpStatus } from '../../sftp/errors.ts';
import { isRegular, type SftpFiles } from '../../sftp/files.ts';
import { status } from '../../sftp/packets.ts';
import { checkSpace, quotaProblem } from './room.ts';

/** Sends the content to an open handle and tells how many bytes are acknowledged. */
export type Send = (handle: Buffer, onWritten: (bytes: number) => void) => Promise<void>;

export class PartialFile {
  readonly path: string;
  /** Bytes it must have in the end. */
  readonly size: number;
  readonly #files: SftpFiles;
  readonly #server: ServerProfile;
  /** Called each time before the file is made. */
  beforeCreate: () => Promise<void> = async () => undefined;
  /** Gives the first byte of the content, to find out with it why no more is taken. */
  firstByte: (() => Promise<Buffer>) | undefined;
  #handle: Buffer | undefined;
  #isThere = false;
  #written = 0;

  constructor(files: SftpFiles, server: ServerProfile, path: string, size: number) {
    this.#files = files;
    this.#server = server;
    this.path = path;
    this.size = size;
  }

  /** The file is there already, and what is written next is added to it. */
  goOn(): void {
    this.#isThere = true;
  }

  /** Makes the file, or opens it, and sends its content. Throws Problem remote_no_space, remote_full, remote_permission, remote_failed. */
  async write(send: Send): Promise<void> {
    this.#handle = await (this.#isThere
      ? this.#step('open the temporary file', this.#open())
      : this.#step('create the temporary file', this.#create()));
    const onWritten = (bytes: number) => {
      this.#written = bytes;
    };
    await this.#step('write', send(this.#handle, onWritten));
  }

  /** On the disk where the server can tell, closed, and of the right size; otherwise Problem remote_mismatch. */
  async finish(): Promise<void> {
    const handle = this.#handle;
    if (handle === undefined) return;
    await this.#step('bring the file to its disk', this.#files.sync(handle));
    this.#handle = undefined;
    await this.#step('close the file', this.#files.close(handle));
    const found = (await this.#step('tell the size of the file', this.#files.lstat(this.path)))?.size ?? 0;
    if (found === this.size) return;
    const detail = `it has ${found} bytes instead of ${this.size}`;
    throw new Problem('remote_mismatch', { address: this.#server.address, detail });
  }

  /** Takes the file away over `files`; gives whether none is there now. Throws when the server does not answer. */
  async discard(files: SftpFiles): Promise<boolean> {
    // Some servers do not remove a file that is open. The handle is known to its own channel only.
    if (this.#handle !== undefined && files.channel === this.#files.channel) {
      files.close(this.#handle).catch(() => undefined);
    }
    this.#handle = undefined;
    this.#isThere = false;
    try {
      await files.remove(this.path);
      return true;
    } catch (error) {
      if (!(error instanceof SftpStatus)) throw error;
      return (await files.lstat(this.path).catch(unlessRefused)) === undefined;
    }
  }

  /**
   * Something else may lie under our temporary name, for example a link that leads elsewhere. It is removed,
   * not followed and not written to; a second one in its place means that somebody is at work there.
   */
  async #create(): Promise<Buffer> {
    await this.beforeCreate();
    try {
      return await this.#files.create(this.path);
    } catch (error) {
      if (!(error instanceof SftpStatus) || (await this.#files.lstat(this.path)) === undefined) throw error;
      await this.#files.remove(this.path);
      return this.#files.create(this.path);
    }
  }

  /** SFTP cannot be told not to follow a link, so what lies there is looked at once it is open. */
  async #open(): Promise<Buffer> {
    const [handle, found] = await Promise.all([
      this.#files.openToWrite(this.path),
      this.#files.lstat(this.path),
    ]);
    if (found !== undefined && isRegular(found)) return handle;
    throw new SftpStatus(status.failure, 'it is no plain file');
  }

  /** What a refusal means where the server itself does not say it. */
  async #step<Value>(action: string, step: Promise<Value>): Promise<Value> {
    try {
      return await step;
    } catch (error) {
      if (error instanceof SftpStatus) {
        const written = this.#written;
        await checkSpace(this.#files, this.#server, posix.dirname(this.path), this.size - written);
        const { firstByte, path, size } = this;
        const handle = this.#handle;
        const refused = handle && { path, handle, size, written, firstByte };
        const quota = refused && (await quotaProblem(this.#files, this.#server, refused, error));
        if (quota !== undefined) throw quota;
      }
      throw remoteProblem(error, this.#server, action, this.path);
    }
  }
}

function unlessRefused(error: unknown): undefined {
  if (!(error instanceof SftpStatus)) throw error;
}
