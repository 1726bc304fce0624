/** Roles as arguments. */
import { isRole, type Role, roles } from '@osimage/accounts';
import { UsageError } from './command.ts';

/** Throws UsageError, naming those there are. */
export function requireRole(name: string): Role {
  if (!isRole(name)) throw new UsageError(`${name} is no role; there are ${Object.keys(roles).join(', ')}`);
  return name;
}
