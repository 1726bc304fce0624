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
import { shownTag } from './changes/preconditions.ts';
import type { ServerChange } from './schemas/servers.ts';
import { keysAfter, noKeys, preparePair, type ServerKeys } from './server-keys.ts';
import { fingerprint } from './ssh-key-pair.ts';

/** The attributes of section 8.1. Never the password, nor the private half of a key pair. */
export function shownServer(server: ServerRow) {
  return {
    serverId: server.id,
    displayName: server.display_name,
    address: server.address,
    port: server.port,
    protocol: server.protocol,
    username: server.username,
    keyType: server.key_type,
    serverPublicKey: server.public_key,
    keySignature: server.public_key === '' ? '' : fingerprint(server.public_key),
    defaultPath: server.default_path,
    hostKeys: server.host_keys,
    modified: server.modified_at.toISOString(),
    modifiedBy: server.modified_by,
  };
}

/** Of all that is shown, and of what is not: a new password alone is a change as well. */
export function serverTag(server: ServerRow): string {
  return shownTag({ ...shownServer(server), revision: server.revision });
}

/** Makes a profile; throws Problem when its display name is taken or its key pair cannot be made. */
export async function createServerProfile(
  db: Database,
  secrets: KeyRing,
  wanted: ServerChange,
  by: string,
): Promise<ServerRow> {
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
    };
    const changed = withChange(blank, wanted, secrets);
    const keys = await keysAfter(blank.id, noKeys, wanted, changed.protocol, pair, secrets);
    const server = { ...changed, ...keys };
    const made = await insertServer(tx, server, by);
    if (!made) throw nameTaken(server);
    return made;
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
  by: string,
  check: (before: ServerRow) => void,
): Promise<ServerRow> {
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
    const after: ServerValues = { ...changes, ...keys };
    const moved =
      after.address !== before.address || after.port !== before.port || after.protocol !== before.protocol;
    if (moved && before.password !== null && wanted.password == null)
      throw new Problem('secret_needed_again', { id });
    if (moved && wanted.hostKeys == null) after.host_keys = [];
    const changed = await updateServer(tx, after, by);
    if (!changed) throw nameTaken(after);
    return changed;
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

/** All but the key pair. */
function withChange(
  before: ServerValues,
  wanted: ServerChange,
  secrets: KeyRing,
): Omit<ServerValues, keyof ServerKeys> {
  return {
    id: before.id,
    display_name: wanted.displayName?.trim() ?? before.display_name,
    address: wanted.address ?? before.address,
    port: wanted.port == null ? before.port : portNumber(wanted.port),
    protocol: (wanted.protocol?.toUpperCase() as Protocol | undefined) ?? before.protocol,
    username: wanted.username ?? before.username,
    password: wanted.password == null ? before.password : sealed(before.id, wanted.password, secrets),
    default_path: wanted.defaultPath ?? before.default_path,
    host_keys: wanted.hostKeys ?? before.host_keys,
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
