/**
 * The test of a connection: whether address, host key, login, folder and space of a server profile are all right. A
 * pending key pair is tried first; when the server takes it, it becomes the one that jobs use.
 */
import { findServer, promotePendingKey, type ServerRow } from '@osimage/database';
import { notFound, Problem, toProblem } from '@osimage/errors';
import { fingerprint } from '@osimage/outbound';
import type { PackagerContext } from '../context.ts';
import { type Actor, pinFirst } from '../first-host-key.ts';
import { openProfile } from '../open-profile.ts';
import type { SecureAccess } from '../server-profile.ts';
import type { SftpConnection } from '../sftp/connection.ts';
import { type Finding, Findings } from './findings.ts';
import { testFtp, testHttp } from './others.ts';
import { lookAround, signInTo } from './sftp.ts';

/** Above it, whoever waits for the answer would give up first. */
const testSeconds = 30;

export interface TestedConnection {
  readonly findings: readonly Finding[];
  /** The pending key pair is the present one now. */
  readonly promoted: boolean;
}

/**
 * Never throws for what is wrong with the server; throws Problem not_found, or when the database does. `late` ends the
 * test when its time is up.
 */
export async function testConnection(
  context: PackagerContext,
  id: string,
  actor: Actor,
  hungUp: AbortSignal,
  late = AbortSignal.timeout(testSeconds * 1000),
): Promise<TestedConnection> {
  const server = await findServer(context.db, id);
  if (!server) throw notFound('remote file server', id);
  const findings = new Findings();
  const signal = AbortSignal.any([hungUp, late]);
  const access = async (pending: boolean): Promise<SecureAccess> => ({
    server: await openProfile(context, server, pending),
    signal,
    addresses: context.addresses,
    authorities: context.settings.OUTBOUND_CA,
    keyOnly: pending,
    pinHostKey: (key) => pinFirst(context, actor, server, key),
  });
  let promoted = false;
  try {
    if (server.protocol === 'SFTP') {
      if (server.pending_key_type !== '')
        promoted = await tryPending(context, server, actor, await access(true), findings);
      // Also after a promotion: what jobs use is what is tested.
      await testSftp(await access(promoted), findings);
    } else if (server.protocol.startsWith('FTP')) await testFtp(await access(false), findings);
    else await testHttp(await access(false), findings);
  } catch (error) {
    const seconds = testSeconds;
    if (late.aborted) findings.end(new Problem('connection_test_slow', { address: server.address, seconds }));
    else if (hungUp.aborted) throw error;
    else findings.end(toProblem(error, actor.requestId));
  }
  return { findings: findings.all(), promoted };
}

async function testSftp(access: SecureAccess, findings: Findings): Promise<void> {
  const connection = await signInTo(access, findings);
  const { signal } = access;
  const onAbort = () => connection.abandon(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    signal.throwIfAborted();
    await lookAround(connection, access, findings);
  } finally {
    signal.removeEventListener('abort', onAbort);
    await connection.close();
  }
}

/** Whether the pending key pair is the present one now. Only a refused login leaves the rest of the test to be done. */
async function tryPending(
  { db, audit }: PackagerContext,
  server: ServerRow,
  { user, requestId }: Actor,
  access: SecureAccess,
  findings: Findings,
): Promise<boolean> {
  let connection: SftpConnection;
  try {
    connection = await signInTo(access, new Findings());
  } catch (error) {
    const refused = error instanceof Problem && ['key_refused', 'login_refused'].includes(error.code);
    if (!refused) throw error;
    findings.wrong('pendingKey', error);
    return false;
  }
  await connection.close();
  const key = server.pending_public_key;
  if (!(await promotePendingKey(db, server.id, key, user, server.revision))) {
    findings.wrong('pendingKey', new Problem('server_profile_changed', { id: server.id }));
    return false;
  }
  const print = fingerprint(key);
  const replaced = server.public_key === '' ? '' : ` instead of ${fingerprint(server.public_key)}`;
  findings.right('pendingKey', `The server takes the new key ${print}, which jobs use from now on.`);
  await audit.record({
    source: 'service',
    user,
    address: '',
    action: 'server.promote-key',
    objects: [server.id],
    outcome: 'success',
    requestId,
    detail: `key pair in use: ${print}${replaced}`,
  });
  return true;
}
