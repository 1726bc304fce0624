/** Testing an SFTP server: as a delivery would use it, up to a file of no bytes in the folder archives go to. */
import { randomUUID } from 'node:crypto';
import { posix } from 'node:path';
import { Problem } from '@osimage/errors';
import { fingerprint, normaliseTargetPath } from '@osimage/outbound';
import type { ServerAccess } from '../server-profile.ts';
import { connect } from '../sftp/connect.ts';
import type { SftpConnection } from '../sftp/connection.ts';
import { remoteProblem } from '../sftp/errors.ts';
import { isFolder, SftpFiles } from '../sftp/files.ts';
import { defaultLimits } from '../sftp/limits.ts';
import type { Findings } from './findings.ts';

/** Connects and signs in; throws what `connect` throws. The caller closes the connection. */
export async function signInTo(access: ServerAccess, findings: Findings): Promise<SftpConnection> {
  const { address, port, username } = access.server;
  let shown = '';
  const onHostKey = (key: string) => {
    shown = fingerprint(key);
    findings.right('address', `${address} answers at port ${port}.`);
  };
  const connection = await connect({ ...access, onHostKey }, defaultLimits);
  findings.right('hostKey', `The server shows the host key ${shown}, which is trusted.`);
  const methods = connection.signedInWith.join(' and ');
  findings.right('login', `The server lets ${username} in with ${methods}.`);
  return connection;
}

/** Looks at folder and space over `connection`. Throws Problem or the reason of the signal. */
export async function lookAround(
  connection: SftpConnection,
  { server, signal }: ServerAccess,
  findings: Findings,
): Promise<void> {
  const files = new SftpFiles(connection.channel, signal);
  const asked = (action: string, path: string) => (error: unknown) => {
    throw remoteProblem(error, server, action, path);
  };
  const wanted = normaliseTargetPath(server.defaultPath).replace(/(?<=.)\/$/, '');
  const folder = wanted.startsWith('/')
    ? wanted
    : posix.join(await files.realpath('.').catch(asked('look at .', '.')), wanted);
  const existing = await nearest(folder);
  const found = await files.fileSystem(existing).catch(() => undefined);
  if (found?.isReadOnly) throw new Problem('remote_read_only', { address: server.address, path: existing });
  const probe = posix.join(existing, `.osimage-test-${randomUUID()}`);
  const handle = await files.create(probe).catch(asked(`make a file in ${existing}`, probe));
  // Without the signal: what was made is removed also when the time is up.
  const after = new SftpFiles(connection.channel);
  await after.close(handle).catch(() => undefined);
  await after.remove(probe).catch(asked(`remove ${probe}`, probe));
  const made = existing === folder ? '' : ` The folder ${folder} is not there yet and is made by an export.`;
  findings.right('folder', `${existing} takes files.${made}`);
  const free = found?.freeBytes;
  if (free === undefined) findings.unknown('space', 'The server does not tell how much space is free.');
  else if (free === 0)
    findings.wrong(
      'space',
      new Problem('remote_no_space', { address: server.address, needed: 1, available: 0 }),
    );
  else findings.right('space', `${free} bytes are free.`);

  /** The innermost folder on the way that is there. */
  async function nearest(path: string): Promise<string> {
    const found = await files.stat(path).catch(asked(`look at ${path}`, path));
    if (found !== undefined && isFolder(found)) return path;
    if (found !== undefined) throw new Problem('remote_not_a_folder', { path, address: server.address });
    if (path === '/') throw new Problem('remote_no_folder', { path: folder, address: server.address });
    return await nearest(posix.dirname(path));
  }
}
