/** What all changes of an account have in common. */
import {
  type AccountChange,
  changeAccount,
  countOthers,
  type Database,
  findUser,
  lockAccounts,
} from '@osimage/database';
import { Problem } from '@osimage/errors';
import { audited } from './audited.ts';

const supervisor = 'lxc-supervisor';

/**
 * Changes an account and ends its sessions. Throws Problem account_unknown, or last_supervisor when afterwards
 * nobody could sign in as a supervisor.
 */
export async function changeAudited(
  db: Database,
  action: string,
  name: string,
  change: AccountChange,
): Promise<void> {
  await audited(db, action, [name], async (tx) => {
    await lockAccounts(tx);
    const user = await findUser(tx, name);
    if (!user) throw new Problem('account_unknown', { name: name.slice(0, 128) });
    const after = { ...user, ...change };
    const loses = (change.role ?? supervisor) !== supervisor || change.disabled === true;
    const counts = user.role === supervisor && !user.disabled;
    if (counts && loses && (after.disabled || after.role !== supervisor)) {
      if ((await countOthers(tx, name, supervisor)) === 0) throw new Problem('last_supervisor', { name });
    }
    await changeAccount(tx, name, change);
  });
}
