/**
 * Moves the bytes of an archive into one remote file: read once and in order, written in parts to where they belong,
 * over as many channels as the delay of the link needs. What a channel that fails had not brought over goes over
 * the others; only the first one is needed.
 */
import { Problem } from '@osimage/errors';
import type { SftpChannel } from '../../sftp/channel.ts';
import { SftpStatus } from '../../sftp/errors.ts';
import { Lane, openLane, type Part } from './lane.ts';
import { LaneGrowth } from './lane-count.ts';
import { evenParts, type UploadOrder } from './upload-order.ts';
import { Watermark } from './watermark.ts';

// Never more than OpenSSH grants, 255 KiB: a server that promises more gets no faster by it, only we get bigger.
const MAX_WRITE = 261_120;

// On the way over all channels, bytes.
const MAX_ON_THE_WAY = 64 * 1024 * 1024;

/** How often the number of channels is thought about, milliseconds, and in how many round trips at the most. */
const LOOK_MS = 500;
const LOOK_ROUND_TRIPS = 4;

/** Some server takes a file only from its beginning to its end. What it holds now is not to be trusted. */
export class OutOfOrderRefused extends Error {}

/**
 * Writes the archive from `from` on. Throws what the archive throws, or the first channel, or OutOfOrderRefused. Writes of
 * which the answer is outstanding then need no further care.
 */
export async function upload(order: UploadOrder): Promise<void> {
  await new Upload(order).run();
}

class Upload {
  readonly #order: UploadOrder;
  readonly #first: Lane;
  readonly #lanes: Lane[];
  readonly #lost: Part[] = [];
  readonly #growth = new LaneGrowth();
  readonly #watermark: Watermark;
  #onTheWay = 0;
  #acknowledged: number;
  /** The server has taken a part with a hole before it. */
  #outOfOrder = false;
  #failure: { readonly reason: unknown } | undefined;
  #wake = () => {};
  #looked = { at: performance.now(), acknowledged: 0, blockedMs: 0 };

  constructor(order: UploadOrder) {
    this.#order = order;
    this.#first = new Lane(order.channel, order.handle, order.fleet === undefined ? 1 : undefined);
    this.#lanes = [this.#first];
    this.#watermark = new Watermark(order.from);
    this.#acknowledged = order.from;
  }

  async run(): Promise<void> {
    const { archive, channel, fleet, from, pace, signal } = this.#order;
    const wake = () => this.#wake();
    channel.onChange = wake;
    signal.addEventListener('abort', wake);
    fleet?.serve((another) => void this.#add(another));
    try {
      const largest = Math.min(channel.maxWrite, MAX_WRITE, pace.part);
      let offset = 0;
      for await (const chunk of archive.stream(signal)) {
        const skipped = Math.min(chunk.length, Math.max(0, from - offset));
        offset += skipped;
        for (const data of evenParts(chunk.subarray(skipped), largest)) {
          await this.#resend();
          await this.#send(offset, data);
          offset += data.length;
        }
      }
      if (offset !== archive.size)
        throw new Problem('archive_damaged', { detail: `it has ${offset} bytes instead of ${archive.size}` });
      while (this.#watermark.bytes < archive.size) {
        await this.#resend();
        if (this.#watermark.bytes < archive.size) await this.#change();
      }
    } finally {
      signal.removeEventListener('abort', wake);
      fleet?.serve(() => undefined);
      for (const lane of this.#lanes) lane.channel.onChange = () => {};
    }
    for (const lane of this.#lanes) if (lane !== this.#first) lane.close().catch(() => undefined);
  }

  async #add(channel: SftpChannel): Promise<void> {
    try {
      const lane = await openLane(channel, this.#order.path);
      channel.onChange = () => this.#wake();
      this.#lanes.push(lane);
      this.#wake();
    } catch {
      // A server that opens a file once only; or the channel is gone again.
    }
  }

  async #resend(): Promise<void> {
    const { archive, signal } = this.#order;
    for (let part = this.#lost.shift(); part !== undefined; part = this.#lost.shift())
      await this.#send(part.offset, await archive.read(part.offset, part.length, signal));
  }

  /** Waits for its turn, and not for the answer. */
  async #send(offset: number, data: Buffer): Promise<void> {
    const { pace, signal } = this.#order;
    await pace.take(data.length, signal);
    const lane = await this.#freeLane();
    this.#onTheWay += data.length;
    const part = { offset, length: data.length };
    lane.write(offset, data).then(
      () => this.#acknowledge(part),
      (error: unknown) => this.#lose(lane, part, error),
    );
  }

  /** The one with the least to do. */
  async #freeLane(): Promise<Lane> {
    for (;;) {
      this.#throwIfOver();
      let best: Lane | undefined;
      for (const lane of this.#lanes)
        if (lane.isFree && (best === undefined || lane.inFlight < best.inFlight)) best = lane;
      if (best !== undefined && this.#onTheWay < MAX_ON_THE_WAY) return best;
      await this.#change();
    }
  }

  /** Waits until something has happened. */
  async #change(): Promise<void> {
    this.#throwIfOver();
    const blocked = this.#lanes.every((lane) => lane.isBlocked);
    const since = performance.now();
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = () => {};
    const now = performance.now();
    if (blocked) this.#looked.blockedMs += now - since;
    this.#lookForMore(now);
  }

  #throwIfOver(): void {
    this.#order.signal.throwIfAborted();
    if (this.#failure !== undefined) throw this.#failure.reason;
    // It may have broken while nothing was on the way whose answer would tell, and nothing else will.
    this.#first.channel.throwIfFailed();
  }

  #lookForMore(now: number): void {
    const { fleet, roundTripMs } = this.#order;
    const { at, acknowledged, blockedMs } = this.#looked;
    const ms = now - at;
    if (ms < Math.max(LOOK_MS, LOOK_ROUND_TRIPS * roundTripMs)) return;
    const bytes = this.#acknowledged - acknowledged;
    this.#looked = { at: now, acknowledged: this.#acknowledged, blockedMs: 0 };
    if (fleet?.isSettled) fleet.want(this.#growth.next(fleet.channels, { bytes, ms, blockedMs }));
  }

  #acknowledge({ offset, length }: Part): void {
    const { onProgress, onWatermark } = this.#order;
    this.#onTheWay -= length;
    this.#acknowledged += length;
    onProgress(this.#acknowledged);
    if (this.#watermark.add(offset, length)) onWatermark(this.#watermark.bytes);
    else this.#outOfOrder = true;
    this.#wake();
  }

  #lose(lane: Lane, part: Part, reason: unknown): void {
    this.#onTheWay -= part.length;
    if (lane !== this.#first) {
      // All of it at once: answers that still come must not be waited for.
      lane.channel.fail(reason);
      const at = this.#lanes.indexOf(lane);
      if (at >= 0) this.#lanes.splice(at, 1);
      this.#lost.push(part);
    } else {
      // Where every part before this one is written, writing in order would fail just the same.
      const inOrder = part.offset === this.#watermark.bytes || this.#outOfOrder;
      const refused = reason instanceof SftpStatus && !inOrder;
      this.#failure ??= { reason: refused ? new OutOfOrderRefused('', { cause: reason }) : reason };
    }
    this.#wake();
  }
}
