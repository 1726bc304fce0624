/**
 * What a later attempt is told about the partial file of this one, kept with the job. It is bound to what it speaks
 * about: where the file lies, which archive it becomes, and which attempt gave it its name.
 */
import type { SftpConnection } from '../../sftp/connection.ts';
import { SftpFiles } from '../../sftp/files.ts';
import type { Delivery } from '../destination.ts';
import { earlierPath, serverOf } from '../left.ts';
import type { DeliveryNames } from '../names.ts';

interface SftpCheckpoint {
  /** The attempt whose name the file had. */
  readonly attempt: number;
  /** So many bytes at its beginning are right and on the server's disk: it has said so (fsync@openssh.com). */
  readonly synced: number;
}

/** What an earlier attempt kept, if it is about the same archive in the same place. */
export function readCheckpoint(delivery: Delivery, names: DeliveryNames): SftpCheckpoint | undefined {
  const { checkpoint, archive } = delivery;
  if (checkpoint === undefined || earlierPath(delivery) !== names.archive) return undefined;
  const { attempt, identity, synced } = checkpoint;
  if (identity !== archive.identity) return undefined;
  if (typeof attempt !== 'number' || typeof synced !== 'number') return undefined;
  return { attempt, synced };
}

/** Throws Problem attempt_lost. */
export async function keepCheckpoint(
  delivery: Delivery,
  names: DeliveryNames,
  synced: number,
): Promise<void> {
  const { archive, attempt } = delivery;
  const server = serverOf(delivery.server);
  await delivery.saveCheckpoint({ server, path: names.archive, identity: archive.identity, attempt, synced });
}

/** Keeps checkpoints while a file is being written, one at a time, and never makes the writing wait. */
export class Checkpoints {
  readonly #connection: SftpConnection;
  readonly #path: string;
  readonly #keep: (synced: number) => Promise<void>;
  readonly #pauseMs: number;
  #own: { readonly files: SftpFiles; readonly handle: Buffer } | undefined;
  #due: number;
  #under: Promise<void> | undefined;

  /** `pauseMs`: between two checkpoints, at the least. */
  constructor(
    connection: SftpConnection,
    path: string,
    keep: (synced: number) => Promise<void>,
    pauseMs: number,
  ) {
    this.#connection = connection;
    this.#path = path;
    this.#keep = keep;
    this.#pauseMs = pauseMs;
    const tells = connection.channel.offers('fsync@openssh.com', '1');
    this.#due = tells ? performance.now() + pauseMs : Number.POSITIVE_INFINITY;
  }

  /** Told the length of the beginning without a hole that is acknowledged. */
  reached(bytes: number): void {
    if (this.#under !== undefined || performance.now() < this.#due) return;
    this.#under = this.#take(bytes).finally(() => {
      this.#under = undefined;
    });
  }

  /** Waits for the one under way and lets go of the file. */
  async close(): Promise<void> {
    this.#due = Number.POSITIVE_INFINITY;
    await this.#under;
    this.#own?.files.close(this.#own.handle).catch(() => undefined);
  }

  async #take(bytes: number): Promise<void> {
    try {
      this.#own ??= await this.#open();
      // What is acknowledged by now is what this brings to the disk, through whichever handle it was written.
      await this.#own.files.sync(this.#own.handle);
      await this.#keep(bytes);
      this.#due = performance.now() + this.#pauseMs;
    } catch {
      // Without checkpoints the next attempt reads more back; whoever has lost the job hears of it elsewhere.
      this.#due = Number.POSITIVE_INFINITY;
    }
  }

  /** A channel of its own: on one that carries the file, all its writes would wait until the disk has taken everything. */
  async #open(): Promise<{ files: SftpFiles; handle: Buffer }> {
    const files = new SftpFiles(await this.#connection.openChannel());
    return { files, handle: await files.openToWrite(this.#path) };
  }
}
