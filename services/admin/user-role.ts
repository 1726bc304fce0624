/** `user role`: another role for an account. */
import { changeAudited } from './change.ts';
import type { Command } from './command.ts';
import { requireRole } from './role.ts';

export const userRole: Command = {
  words: 'user role',
  takes: ['NAME', 'ROLE'],
  options: [],
  summary: 'give an account another role; its sessions end',
  async prepare({ args: [name = '', wanted = ''] }) {
    const role = requireRole(wanted);
    return async (db) => {
      await changeAudited(db, 'account.role', name, { role });
      return { json: { user: { name, role } }, text: `${name} has role ${role}` };
    };
  },
};
