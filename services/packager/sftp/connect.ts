/** From a server profile to an open SFTP channel, within the limits, or to one Problem. */
import { Problem } from '@osimage/errors';
import { connectSocket, resolveTarget } from '@osimage/outbound';
import type { ServerAccess, ServerProfile } from '../server-profile.ts';
import { Connection, type SftpConnection } from './connection.ts';
import type { SftpLimits } from './limits.ts';

/**
 * Connects, checks the host key, signs in and opens a channel. Throws Problem host_unreachable,
 * name_not_resolved, address_not_allowed, no_safe_algorithm, host_key_changed, host_key_revoked, login_refused, key_refused, sftp_not_offered,
 * connection_lost, what `pinHostKey` throws, or the reason of the signal; nothing stays open then.
 * `onSignedIn` is called as soon as the server has let us in, round trips before there is a channel.
 * The signal ends only the connecting: afterwards the connection belongs to the caller.
 */
export async function connect(
  wanted: ServerAccess,
  limits: SftpLimits,
  onSignedIn: (connection: SftpConnection) => void = () => {},
): Promise<SftpConnection> {
  const { addresses, server, signal } = wanted;
  const target = await resolveTarget(server.address, server.port, { signal, rules: addresses });
  const socket = await connectSocket(target, { signal, timeoutMs: limits.connectMs });
  const connection = new Connection(socket, server, limits);
  const onAbort = () => connection.abandon(signal.reason);
  const seconds = limits.handshakeMs / 1000;
  const timer = setTimeout(
    () =>
      connection.abandon(unreachable(server, `it did not complete the SSH handshake in ${seconds} seconds`)),
    limits.handshakeMs,
  );
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await connection.open(wanted, () => onSignedIn(connection));
    return connection;
  } catch (error) {
    connection.abandon(error);
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

function unreachable(server: ServerProfile, detail: string): Problem {
  return new Problem('host_unreachable', { address: server.address, port: server.port, detail });
}
