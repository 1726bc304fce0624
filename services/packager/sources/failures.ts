/** The failures that only reading a file has. */
import { Problem } from '@osimage/errors';
import { userOf } from '../failures.ts';
import type { FetchRequest } from './source.ts';

/** What the server did not do, for the sentences of failures. */
export const fetching = 'send the file';

export function fileMissing({ path, server }: FetchRequest, cause?: unknown): Problem {
  return new Problem('remote_file_missing', { path, address: server.address }, { cause });
}

export function isFolder({ path, server }: FetchRequest): Problem {
  return new Problem('remote_is_folder', { path, address: server.address });
}

export function unreadable({ path, server }: FetchRequest, cause?: unknown): Problem {
  const { address } = server;
  return new Problem('remote_unreadable', { username: userOf(server), path, address }, { cause });
}
