/** Removing what a job has left on a server under temporary names, when it has no worker that could. */
import { posix } from 'node:path';
import type { ServerAccess } from '../../server-profile.ts';
import { connect } from '../../sftp/connect.ts';
import { SftpFiles } from '../../sftp/files.ts';
import { defaultLimits } from '../../sftp/limits.ts';
import type { Delivery } from '../destination.ts';
import { earlierPath } from './checkpoint.ts';
import { namesOf } from './names.ts';
import { putBack } from './replace.ts';
import { discardAll } from './take-over.ts';

export interface LeftDelivery extends Pick<Delivery, 'checkpoint' | 'jobId'> {
  /** The last one. */
  readonly attempt: number;
}

/** The path of what an attempt may have left, to be told; undefined when the server is another one by now. */
export function placeOfPartial(left: LeftDelivery, server: ServerAccess['server']): string | undefined {
  const path = earlierPath({ ...left, server });
  if (path === undefined) return undefined;
  return namesOf(posix.dirname(path), posix.basename(path), left.jobId, left.attempt).archivePartial;
}

/**
 * Removes the temporary files of all attempts, and puts an old file back that one of them had put aside. Throws what
 * `connect` throws, and what the channel throws when the server does not answer.
 */
export async function discardPartials(left: LeftDelivery, access: ServerAccess): Promise<void> {
  const path = earlierPath({ ...left, server: access.server });
  if (path === undefined) return;
  const names = Array.from({ length: left.attempt }, (_, index) =>
    namesOf(posix.dirname(path), posix.basename(path), left.jobId, left.attempt - index),
  );
  const connection = await connect(access, defaultLimits);
  try {
    const files = new SftpFiles(connection.channel, access.signal);
    if (!files.channel.offers('posix-rename@openssh.com', '1')) await putBack(files, names);
    await discardAll(files, names);
  } finally {
    await connection.close();
  }
}
