/** Remote file servers as rows, for tests that put them into the database themselves. */
import type { ServerValues } from '@osimage/database';
import { usualOptions } from '../../services/gateway/servers/options.ts';

/** The row of an SFTP server with a password and without keys, but for `changes`. */
export function serverRow(changes: Partial<ServerValues> = {}): ServerValues {
  return {
    id: '1',
    display_name: 'there',
    address: '192.0.2.7',
    port: 22,
    protocol: 'SFTP',
    username: 'u',
    password: '',
    default_path: '',
    host_keys: [],
    key_type: '',
    public_key: '',
    private_key: null,
    pending_key_type: '',
    pending_public_key: '',
    pending_private_key: null,
    ...usualOptions,
    ...changes,
  };
}
