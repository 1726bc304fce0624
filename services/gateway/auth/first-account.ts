/** The first account, made when there is none. */
import { type Database, insertUser, lockFirstUser } from '@osimage/database';
import type { Settings } from '@osimage/settings';
import { generatePassword, hashPassword } from './passwords.ts';

/**
 * Creates ADMIN_USER as a supervisor when there is no account at all; safe in several gateways at once.
 * A password that had to be generated goes to `show`, once, and is kept nowhere. It is shown before the
 * account is committed: an account whose password nobody saw would lock everybody out for good.
 */
export async function ensureFirstAccount(
  db: Database,
  settings: Pick<Settings, 'ADMIN_USER' | 'ADMIN_PASSWORD'>,
  show: (password: string) => void,
): Promise<void> {
  await db.transaction(async (tx) => {
    if (!(await lockFirstUser(tx))) return;
    const password = settings.ADMIN_PASSWORD ?? generatePassword();
    const passwordHash = await hashPassword(password);
    await insertUser(tx, { name: settings.ADMIN_USER, passwordHash, role: 'lxc-supervisor' });
    if (settings.ADMIN_PASSWORD === undefined) show(password);
  });
}
