/** What each role may do (contract, section 2.5), and three privileges of our own. */

/** What the original calls them; four of its roles hold them all. */
const osDeployment = [
  'lxc-osdeploy-create-import-export-edit-os-files',
  'lxc-osdeploy-delete-os-files',
  'lxc-osdeploy-create-edit-remote-file-server',
  'lxc-osdeploy-delete-remote-file-server',
  'lxc-osdeploy-edit-global-settings',
  'lxc-osdeploy-edit-settings-and-deploy-os-images',
] as const;

/** Ours: reading the audit trail, seeing and ending other users' sessions, and saying which host keys are right. */
export const privileges = [
  ...osDeployment,
  'lxc-read-audit',
  'lxc-manage-sessions',
  'lxc-manage-host-keys',
] as const;

export type Privilege = (typeof privileges)[number];

/** Every role may read; these privileges come on top. */
export const roles = {
  'lxc-supervisor': privileges,
  'lxc-admin': [...osDeployment, 'lxc-manage-sessions'],
  'lxc-hw-admin': osDeployment,
  'lxc-os-admin': osDeployment,
  'lxc-operator': [],
} as const satisfies Record<string, readonly Privilege[]>;

export type Role = keyof typeof roles;

export function isRole(name: string): name is Role {
  return Object.hasOwn(roles, name);
}

/** Whether a role holds a privilege; a role that is not known holds none. */
export function holds(role: string, privilege: Privilege): boolean {
  return isRole(role) && (roles[role] as readonly Privilege[]).includes(privilege);
}
