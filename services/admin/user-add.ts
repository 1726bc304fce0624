/** `user add`: a new account. */
import { checkAccountName, hashPassword } from '@osimage/accounts';
import { findSimilarAccount, insertUser, lockAccounts } from '@osimage/database';
import { Problem } from '@osimage/errors';
import { audited } from './audited.ts';
import { type Command, UsageError } from './command.ts';
import { newPassword } from './password.ts';
import { requireRole } from './role.ts';

export const userAdd: Command = {
  words: 'user add',
  takes: ['NAME'],
  options: ['role', 'password-stdin', 'generate'],
  summary: 'make an account (with --role ROLE)',
  async prepare(given) {
    const [name = ''] = given.args;
    checkAccountName(name);
    if (given.role === undefined) throw new UsageError('user add needs --role ROLE');
    const role = requireRole(given.role);
    const { password, generated } = await newPassword(given, name);
    const passwordHash = await hashPassword(password);
    return async (db) => {
      await audited(db, 'account.add', [name], async (tx) => {
        await lockAccounts(tx);
        const taken = await findSimilarAccount(tx, name);
        if (taken !== undefined) throw new Problem('account_exists', { name: taken });
        await insertUser(tx, { name, passwordHash, role });
      });
      return {
        json: { user: { name, role, disabled: false }, ...(generated && { password }) },
        text: `${name} is an account with role ${role}${generated ? `\npassword: ${password}  (shown only now)` : ''}`,
      };
    };
  },
};
