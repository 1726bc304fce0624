/** From the status of a refused PUT, MKCOL, MOVE or DELETE to a Problem that tells what to do. */
import { posix } from 'node:path';
import { Problem } from '@osimage/errors';
import { failed, loginRefused, refused, userOf } from '../failures.ts';
import { printable } from '../printable.ts';
import type { ServerProfile } from '../server-profile.ts';

export interface Change {
  readonly action: string;
  readonly path: string;
  /** Bytes that were to be written. */
  readonly needed: number;
  /** Where a redirect leads. */
  readonly location?: string;
}

/** Statuses as RFC 9110 and RFC 4918 mean them, and as nginx and Apache use them. */
export function httpWriteProblem(status: number, server: ServerProfile, change: Change): Problem {
  const { action, location = '', needed, path } = change;
  const { address } = server;
  const detail = `it answered with status ${status}`;
  if (status === 401) return loginRefused(server);
  if (status === 403) return new Problem('remote_permission', { username: userOf(server), path, address });
  if (status === 404 || status === 409)
    return new Problem('remote_no_folder', { path: posix.dirname(path), address });
  if (status === 405 || status === 501) return new Problem('put_not_offered', { address, path, detail });
  if (status === 413) return new Problem('remote_limit', { address, needed, detail });
  if (status === 414) return new Problem('remote_name_refused', { address, path, detail });
  if (status === 507) return new Problem('remote_full', { address, needed, detail });
  if (status >= 300 && status < 400) {
    const to = URL.parse(location);
    const place = to === null ? 'another place' : printable(`${to.protocol}//${to.host}`);
    return new Problem('redirect_refused', { address, location: place });
  }
  const passes = status >= 500 || [408, 423, 425, 429].includes(status);
  return passes ? failed(server, action, detail) : refused(server, action, detail);
}
