/** Who may do what (contract, section 2.5). */
import { Problem } from '@osimage/errors';
import type { FastifyRequest } from 'fastify';

export const privileges = [
  'lxc-osdeploy-create-import-export-edit-os-files',
  'lxc-osdeploy-delete-os-files',
  'lxc-osdeploy-create-edit-remote-file-server',
  'lxc-osdeploy-delete-remote-file-server',
  'lxc-osdeploy-edit-global-settings',
  'lxc-osdeploy-edit-settings-and-deploy-os-images',
] as const;

export type Privilege = (typeof privileges)[number];

/** Every role may read; these privileges come on top. */
export const roles = {
  'lxc-supervisor': privileges,
  'lxc-admin': privileges,
  'lxc-hw-admin': privileges,
  'lxc-os-admin': privileges,
  'lxc-operator': [],
} as const satisfies Record<string, readonly Privilege[]>;

type Role = keyof typeof roles;

/** Whether a role holds a privilege; a role that is not known holds none. */
export function holds(role: string, privilege: Privilege): boolean {
  return Object.hasOwn(roles, role) && (roles[role as Role] as readonly Privilege[]).includes(privilege);
}

/**
 * A hook that lets only users with `privilege` pass; others get Problem `privilege_missing`. Put it in a
 * route's `onRequest`, so that a refused upload is refused before its body is read.
 */
export function requirePrivilege(privilege: Privilege) {
  return async (request: FastifyRequest): Promise<void> => {
    if (!holds(request.user.role, privilege)) throw new Problem('privilege_missing', { privilege });
  };
}
