/** `user password`: another password for an account. */
import { hashPassword } from '@osimage/accounts';
import { changeAudited } from './change.ts';
import type { Command } from './command.ts';
import { newPassword } from './password.ts';

export const userPassword: Command = {
  words: 'user password',
  takes: ['NAME'],
  options: ['password-stdin', 'generate'],
  summary: 'give an account another password; its sessions end',
  async prepare(given) {
    const [name = ''] = given.args;
    const { password, generated } = await newPassword(given, name);
    const passwordHash = await hashPassword(password);
    return async (db) => {
      await changeAudited(db, 'account.password', name, { passwordHash });
      return {
        json: { user: { name }, ...(generated && { password }) },
        text: `${name} has a new password${generated ? `: ${password}  (shown only now)` : ''}`,
      };
    };
  },
};
