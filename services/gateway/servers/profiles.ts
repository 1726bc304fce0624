/** Profiles of remote file servers: what a request may change and what an answer may show (section 8). */
import {
  type Database,
  deleteServer,
  findServer,
  holdSecretKey,
  insertServer,
  lockServer,
  nextServerId,
  type Protocol,
  type ServerRow,
  type ServerValues,
  unfinishedJobsOf,
  updateServer,
} from '@osimage/database';
import { notFound, Problem } from '@osimage/errors';
import { type KeyRing, seal } from '@osimage/secrets';
import type { ServerChange } from '../schemas/servers.ts';
import { hostKeysAfter } from './host-keys.ts';
import { keysAfter, noKeys, preparePair, type ServerKeys } from './key-pairs.ts';
import { optionsAfter, type ServerOptions, usualOptions } from './options.ts';

/** Who makes a change. */
export interface Editor {
  readonly name: string;
  readonly role: string;
}

/** A profile before and after a change; nothing before it was made. */
export interface Changed {
  readonly before: ServerRow | undefined;
  readonly after: ServerRow;
}

/** Makes a profile; throws Problem when its display name is taken, or its keys or options cannot be. */
export async function createServerProfile(
  db: Database,
  secrets: KeyRing,
  wanted: ServerChange,
  by: Editor,
): Promise<Changed> {
  const pair = await preparePair({ ...noKeys, protocol: 'SFTP' }, wanted);
  return await db.transaction(async (tx) => {
    await holdSecretKey(tx);
    const blank: ServerValues = {
      id: await nextServerId(tx),
      display_name: '',
      address: '',
      port: 0,
      protocol: 'SFTP',
      username: '',
      password: null,
      default_path: '',
      host_keys: [],
      ...noKeys,
      ...usualOptions,
    };
    const changed = withChange(blank, wanted, secrets);
    const keys = await keysAfter(blank.id, noKeys, wanted, changed.protocol, pair, secrets);
    const host_keys = hostKeysAfter([], wanted, changed, false, by.role);
    const server = { ...changed, ...keys, host_keys };
    const after = await insertServer(tx, server, by.name);
    if (!after) throw nameTaken(server);
    return { before: undefined, after };
  });
}

/**
 * Changes a profile: what is absent stays. A new address, port or protocol means another machine, so the
 * stored password must be given again and the pinned host keys are dropped (contract, 8.2). `check` gets the
 * profile as it is before, once to spare the making of a key pair, then locked.
 */
export async function changeServerProfile(
  db: Database,
  secrets: KeyRing,
  id: string,
  wanted: ServerChange,
  by: Editor,
  check: (before: ServerRow) => void,
): Promise<Changed> {
  const known = await findServer(db, id);
  if (!known) throw unknownServer(id);
  check(known);
  const pair = await preparePair(known, wanted);
  return await db.transaction(async (tx) => {
    await holdSecretKey(tx);
    const before = await lockServer(tx, id);
    if (!before) throw unknownServer(id);
    check(before);
    const changes = withChange(before, wanted, secrets);
    const keys = await keysAfter(id, before, wanted, changes.protocol, pair, secrets);
    const moved =
      changes.address !== before.address ||
      changes.port !== before.port ||
      changes.protocol !== before.protocol;
    if (moved && before.password !== null && wanted.password == null)
      throw new Problem('secret_needed_again', { id });
    const host_keys = hostKeysAfter(before.host_keys, wanted, changes, moved, by.role);
    const after = await updateServer(tx, { ...changes, ...keys, host_keys }, by.name);
    if (!after) throw nameTaken(changes);
    return { before, after };
  });
}

/** Deletes a profile unless an unfinished job still wants to deliver there. */
export function deleteServerProfile(
  db: Database,
  id: string,
  check: (before: ServerRow) => void,
): Promise<void> {
  return db.transaction(async (tx) => {
    const before = await lockServer(tx, id);
    if (!before) throw unknownServer(id);
    check(before);
    const jobs = await unfinishedJobsOf(tx, id);
    if (jobs.length > 0)
      throw new Problem('in_use', { what: 'The remote file server', id, users: `job ${jobs.join(', ')}` });
    await deleteServer(tx, id);
  });
}

export function unknownServer(id: string): Problem {
  return notFound('remote file server', id.slice(0, 40));
}

/** All but the keys, ours and the server's. */
function withChange(
  before: ServerValues,
  wanted: ServerChange,
  secrets: KeyRing,
): Omit<ServerValues, keyof ServerKeys | 'host_keys'> {
  const protocol = (wanted.protocol?.toUpperCase() as Protocol | undefined) ?? before.protocol;
  const options: ServerOptions = optionsAfter(before, wanted, protocol);
  return {
    id: before.id,
    display_name: wanted.displayName?.trim() ?? before.display_name,
    address: wanted.address ?? before.address,
    port: wanted.port == null ? before.port : portNumber(wanted.port),
    protocol,
    username: wanted.username ?? before.username,
    password: wanted.password == null ? before.password : sealed(before.id, wanted.password, secrets),
    default_path: wanted.defaultPath ?? before.default_path,
    ...options,
  };
}

/** An empty password means that the server needs none. */
function sealed(id: string, password: string, secrets: KeyRing): string | null {
  return password === '' ? null : seal(secrets, password, `server/${id}/password`);
}

function portNumber(port: number | string): number {
  const number = Number(port);
  if (number < 1 || number > 65_535)
    throw new Problem('invalid_request', { detail: 'The port must be a whole number from 1 to 65535.' });
  return number;
}

function nameTaken(server: Pick<ServerValues, 'display_name'>): Problem {
  return new Problem('invalid_request', {
    detail: `The display name ${server.display_name} belongs to another remote file server.`,
  });
}
