/** The host keys pinned on a profile: who may change them, and what is taken for one. */
import { holds } from '@osimage/accounts';
import type { ServerValues } from '@osimage/database';
import { Problem } from '@osimage/errors';
import { readGivenKeys } from '@osimage/outbound';
import type { ServerChange } from '../schemas/servers.ts';

/** Whoever may edit profiles could otherwise make this service trust a stranger that stands in between. */
const hostKeyPrivilege = 'lxc-manage-host-keys';

/**
 * The pins after a change to `after`: those given, else those of before, of which a profile that `moved` to another
 * machine keeps none. Throws Problem host_keys_unusable, or privilege_missing when a role that may not changes them;
 * sending back what was read is no change.
 */
export function hostKeysAfter(
  before: readonly string[],
  wanted: ServerChange,
  after: Pick<ServerValues, 'address' | 'port' | 'protocol'>,
  moved: boolean,
  role: string,
): string[] {
  const kept = moved ? [] : [...before];
  if (wanted.hostKeys == null) return kept;
  const given = readKeys(wanted.hostKeys, after);
  if (given.length === kept.length && given.every((key) => kept.includes(key))) return kept;
  if (!holds(role, hostKeyPrivilege)) throw new Problem('privilege_missing', { privilege: hostKeyPrivilege });
  return given;
}

function readKeys(lines: readonly string[], after: Pick<ServerValues, 'address' | 'port' | 'protocol'>) {
  const refuse = (detail: string) => new Problem('host_keys_unusable', { detail });
  let keys: string[];
  try {
    keys = readGivenKeys(lines, after.address, after.port);
  } catch (error) {
    throw refuse(error instanceof Error ? error.message : '');
  }
  if (keys.length > 0 && after.protocol !== 'SFTP')
    throw refuse(`host keys are for SFTP, not for ${after.protocol}`);
  if (keys.length > mostKeys) throw refuse(`more than ${mostKeys} keys`);
  return keys;
}

const mostKeys = 32;
