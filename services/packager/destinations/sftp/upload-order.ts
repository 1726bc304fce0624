/** What an upload is to do, and how its content is cut into writes. */
import type { Archive } from '@osimage/archive';
import type { Pace } from '../../pace.ts';
import type { SftpChannel } from '../../sftp/channel.ts';
import type { Fleet } from '../../sftp/fleet.ts';

export interface UploadOrder {
  readonly archive: Archive;
  readonly signal: AbortSignal;
  /** The channel that must live, and the file open on it. */
  readonly channel: SftpChannel;
  readonly handle: Buffer;
  /** The file, for opening it on other channels. */
  readonly path: string;
  /** Other channels; undefined: everything goes over the first, one write at a time. */
  readonly fleet: Fleet | undefined;
  readonly roundTripMs: number;
  readonly pace: Pace;
  /** Bytes at the beginning that are there already: the archive is read from its beginning all the same, for its digest. */
  readonly from: number;
  /** Told the bytes that are acknowledged, those from before too. */
  readonly onProgress: (bytes: number) => void;
  /** Told the bytes at the beginning without a hole that are acknowledged, each time there are more. */
  readonly onWatermark: (bytes: number) => void;
}

/** Cuts evenly: full writes and a small rest would cost one more request for next to nothing. */
export function* evenParts(chunk: Buffer, largest: number): Generator<Buffer> {
  const size = Math.ceil(chunk.length / Math.ceil(chunk.length / largest));
  for (let at = 0; at < chunk.length; at += size) yield chunk.subarray(at, at + size);
}
