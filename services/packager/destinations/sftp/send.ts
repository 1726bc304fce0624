/** Brings the archive into its temporary file: as fast as the server allows, or else in the way that it takes. */

import { Pace } from '../../pace.ts';
import type { SftpFiles } from '../../sftp/files.ts';
import type { Fleet } from '../../sftp/fleet.ts';
import type { Delivery } from '../destination.ts';
import type { PartialFile } from './partial-file.ts';
import { OutOfOrderRefused, upload } from './upload.ts';

export interface Sending {
  readonly file: PartialFile;
  readonly files: SftpFiles;
  readonly fleet: Fleet;
  readonly roundTripMs: number;
  /** Bytes at the beginning of the file that are known to be right. */
  readonly from: number;
  /** Told the bytes at the beginning without a hole that are acknowledged. */
  readonly onWatermark: (bytes: number) => void;
}

/**
 * Sends the archive; gives a sentence about it where the server wanted something special. Throws the Problems of
 * PartialFile and what the archive throws.
 */
export async function sendArchive(delivery: Delivery, sending: Sending): Promise<string | undefined> {
  const { archive, onProgress, server, signal } = delivery;
  const { file, files, onWatermark, roundTripMs } = sending;
  const pace = new Pace(server.options.bytesPerSecond);
  const send = (from: number, fleet: Fleet | undefined) => {
    onProgress(from);
    return file.write((handle, onWritten) =>
      upload({
        archive,
        signal,
        channel: files.channel,
        handle,
        path: file.path,
        fleet,
        roundTripMs,
        pace,
        from,
        onProgress: (bytes) => {
          onWritten(bytes);
          onProgress(bytes);
        },
        onWatermark,
      }),
    );
  };
  try {
    await send(sending.from, sending.fleet);
    return undefined;
  } catch (error) {
    if (!(error instanceof OutOfOrderRefused)) throw error;
    await sending.fleet.close();
    await file.discard(files);
    await send(0, undefined);
    return 'The file server takes a file only from its beginning to its end: the archive was sent one write at a time.';
  }
}
