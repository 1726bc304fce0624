/** One channel on which the file is open for writing. */

import type { SftpChannel } from '../../sftp/channel.ts';
import { SftpStatus } from '../../sftp/errors.ts';
import { isRegular, SftpFiles } from '../../sftp/files.ts';
import { status } from '../../sftp/packets.ts';

// The SSH window of OpenSSH holds eight of its writes; the number is for servers with small writes or a generous window.
const MAX_IN_FLIGHT = 64;

export interface Part {
  readonly offset: number;
  readonly length: number;
}

export class Lane {
  readonly channel: SftpChannel;
  readonly #handle: Buffer;
  readonly #most: number;
  #inFlight = 0;

  /** `most`: writes without an answer. */
  constructor(channel: SftpChannel, handle: Buffer, most = MAX_IN_FLIGHT) {
    this.channel = channel;
    this.#handle = handle;
    this.#most = most;
  }

  get isFree(): boolean {
    return this.#inFlight < this.#most && this.channel.hasRoom;
  }

  /** Whether only an answer of the server can make room. */
  get isBlocked(): boolean {
    return this.#inFlight >= this.#most || this.channel.isBlocked;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** The memory may be used again at once; the promise is that of the server's answer. */
  async write(offset: number, data: Buffer): Promise<void> {
    this.#inFlight += 1;
    try {
      await this.channel.write(this.#handle, offset, data);
    } finally {
      this.#inFlight -= 1;
    }
  }

  async close(): Promise<void> {
    if (!this.channel.failed) await new SftpFiles(this.channel).close(this.#handle);
  }
}

/**
 * Opens the file once more. SFTP cannot be told not to follow a link, so what lies there is looked at once it is open:
 * somebody who may write to the folder could have put a link in the place of our file. Throws SftpStatus.
 */
export async function openLane(channel: SftpChannel, path: string): Promise<Lane> {
  const files = new SftpFiles(channel);
  const [handle, found] = await Promise.all([files.openToWrite(path), files.lstat(path)]);
  if (found === undefined || !isRegular(found)) throw new SftpStatus(status.failure, 'it is no plain file');
  return new Lane(channel, handle);
}
