/** Refuses calls to those who lack the privilege (contract, section 2.5). */
import { holds, type Privilege } from '@osimage/accounts';
import { Problem } from '@osimage/errors';
import type { FastifyRequest } from 'fastify';

/** Which role holds what is told by a package, because the admin command must know it too. */
export { holds, type Privilege, privileges, roles } from '@osimage/accounts';

/**
 * A hook that lets only users with `privilege` pass; others get Problem `privilege_missing`. Put it in a
 * route's `onRequest`, so that a refused upload is refused before its body is read.
 */
export function requirePrivilege(privilege: Privilege) {
  return async (request: FastifyRequest): Promise<void> => {
    if (!holds(request.user.role, privilege)) throw new Problem('privilege_missing', { privilege });
  };
}
