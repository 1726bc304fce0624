/** Removing what a job has left on a server under temporary names, when it has no worker that could. */
import { connect } from '../../sftp/connect.ts';
import { SftpFiles } from '../../sftp/files.ts';
import { defaultLimits } from '../../sftp/limits.ts';
import { type Discard, earlierPath, namesUpTo } from '../left.ts';
import { putBack } from './replace.ts';
import { discardAll } from './take-over.ts';

/** Also puts an old file back that one of the attempts had put aside. */
export const discardSftp: Discard = async (left, access) => {
  const path = earlierPath({ ...left, server: access.server });
  if (path === undefined) return 'gone';
  const names = namesUpTo(path, left.jobId, left.attempt);
  const connection = await connect(access, defaultLimits);
  try {
    const files = new SftpFiles(connection.channel, access.signal);
    if (!files.channel.offers('posix-rename@openssh.com', '1')) await putBack(files, names);
    await discardAll(files, names);
    return 'gone';
  } finally {
    await connection.close();
  }
};
