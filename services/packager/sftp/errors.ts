/** From what SFTP and TCP say went wrong to a Problem that tells what to do. */
import { posix } from 'node:path';
import { Problem, systemCode } from '@osimage/errors';
import { printable } from '../printable.ts';
import type { ServerProfile } from '../server-profile.ts';
import { status } from './packets.ts';

/** A status other than OK in answer to one request. Never leaves this folder: `remoteProblem` turns it. */
export class SftpStatus extends Error {
  readonly status: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = 'SftpStatus';
    this.status = code;
  }
}

export function hasStatus(error: unknown, code: number): boolean {
  return error instanceof SftpStatus && error.status === code;
}

const meanings: Readonly<Record<number, string>> = {
  [status.endOfFile]: 'end of file',
  [status.noSuchFile]: 'no such file',
  [status.permissionDenied]: 'permission denied',
  [status.failure]: 'it only said "failure"',
  [status.badMessage]: 'it did not understand the request',
  [status.unsupported]: 'it does not support the request',
};

/**
 * What a failed request means. `action` completes "the server failed to …"; `path` is the file or folder it was
 * about. A Problem stays itself, and so does everything else that is no SFTP status: the reason of an abort.
 */
export function remoteProblem(error: unknown, server: ServerProfile, action: string, path: string): unknown {
  const { address, username } = server;
  const options = { cause: error };
  if (error instanceof RangeError) {
    return new Problem('remote_failed', { address, action, detail: 'its answer makes no sense' }, options);
  }
  if (!(error instanceof SftpStatus)) return error;
  switch (error.status) {
    case status.noSuchFile:
      return new Problem('remote_no_folder', { path: posix.dirname(path), address }, options);
    case status.permissionDenied:
      return new Problem('remote_permission', { username, path, address }, options);
    case status.noConnection:
    case status.connectionLost:
      return new Problem('connection_lost', { address, detail: 'the server lost it' }, options);
    default:
      return new Problem('remote_failed', { address, action, detail: detailOf(error) }, options);
  }
}

/** Servers without a better idea send the name of the status; then our own words say more. */
function detailOf(error: SftpStatus): string {
  const said = printable(error.message);
  if (said === '' || said.toLowerCase() === 'failure')
    return meanings[error.status] ?? `status ${error.status}`;
  return said;
}

const socketReasons: Readonly<Record<string, string>> = {
  ECONNRESET: 'it was reset',
  EPIPE: 'the server closed it',
  ETIMEDOUT: 'the server does not answer any more',
  EHOSTUNREACH: 'there is no route to the host any more',
  ENETUNREACH: 'there is no route to the network any more',
};

/** What an error of the SSH client means; `signedIn` tells whether the server had let us in before. */
export function connectionProblem(error: Error, server: ServerProfile, signedIn: boolean): Problem {
  const { address, port } = server;
  const options = { cause: error };
  const detail = socketReasons[systemCode(error) ?? ''] ?? printable(error.message);
  if (signedIn) return new Problem('connection_lost', { address, detail }, options);
  return new Problem('host_unreachable', { address, port, detail }, options);
}
