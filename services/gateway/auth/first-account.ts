/** The first account, made when there is none. */
import { checkAccountName, checkNewPassword, generatePassword, hashPassword } from '@osimage/accounts';
import { type Database, insertUser, lockFirstUser } from '@osimage/database';
import { Problem } from '@osimage/errors';
import { type Settings, SettingsError } from '@osimage/settings';

/**
 * Creates ADMIN_USER as a supervisor when there is no account at all; safe in several gateways at once.
 * A password that had to be generated goes to `show`, once, and is kept nowhere. It is shown before the
 * account is committed: an account whose password nobody saw would lock everybody out for good.
 * Throws SettingsError when the settings name an account or a password that is not good enough; once there is
 * an account, they are not looked at.
 */
export async function ensureFirstAccount(
  db: Database,
  settings: Pick<Settings, 'ADMIN_USER' | 'ADMIN_PASSWORD'>,
  show: (password: string) => void,
): Promise<void> {
  await db.transaction(async (tx) => {
    if (!(await lockFirstUser(tx))) return;
    await checkSettings(settings);
    const password = settings.ADMIN_PASSWORD ?? generatePassword();
    const passwordHash = await hashPassword(password);
    await insertUser(tx, { name: settings.ADMIN_USER, passwordHash, role: 'lxc-supervisor' });
    if (settings.ADMIN_PASSWORD === undefined) show(password);
  });
}

async function checkSettings(settings: Pick<Settings, 'ADMIN_USER' | 'ADMIN_PASSWORD'>): Promise<void> {
  try {
    checkAccountName(settings.ADMIN_USER);
    if (settings.ADMIN_PASSWORD !== undefined)
      await checkNewPassword(settings.ADMIN_PASSWORD, settings.ADMIN_USER);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const name = error.code === 'password_too_weak' ? 'ADMIN_PASSWORD' : 'ADMIN_USER';
    throw new SettingsError(`${name} cannot be used: ${error.message} ${error.recovery}`);
  }
}
