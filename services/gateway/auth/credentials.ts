/**
 * Checks a user name and a password. argon2id is slow on purpose (150 checks a second on two cores), and
 * clients with HTTP Basic send the password with every request, so a pair that was right is remembered for
 * a while: as a hash with a key this process made up, together with the stored hash it was checked against.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { type Database, findUser, type UserRow } from '@osimage/database';
import { passwordFits } from './passwords.ts';
import type { Throttle } from './throttle.ts';

const rememberMs = 10 * 60_000;
const mostRemembered = 1_000;
/** Longer names and passwords are wrong without being looked at. */
const longestName = 256;
const longestPassword = 1_024;

export interface Credentials {
  /**
   * Gives the user, or undefined when name or password is wrong or the account is disabled.
   * Throws Problem `too_many_requests` after too many wrong ones from `address`.
   */
  check(name: string, password: string, address: string): Promise<UserRow | undefined>;
}

export function createCredentials(db: Database, throttle: Throttle): Credentials {
  const key = randomBytes(32);
  const remembered = new Map<string, { passwordHash: string; until: number }>();
  const running = new Map<string, Promise<boolean>>();

  function digest(name: string, password: string): string {
    return createHmac('sha256', key).update(`${name}\0${password}`).digest('base64');
  }

  function isRemembered(pair: string, user: UserRow): boolean {
    const known = remembered.get(pair);
    if (!known) return false;
    // A changed password has another hash: what was right before is not right any more.
    if (known.until > Date.now() && known.passwordHash === user.password_hash) return true;
    remembered.delete(pair);
    return false;
  }

  function remember(pair: string, user: UserRow): void {
    remembered.delete(pair);
    remembered.set(pair, { passwordHash: user.password_hash, until: Date.now() + rememberMs });
    if (remembered.size > mostRemembered) remembered.delete(remembered.keys().next().value!);
  }

  /** Requests with one pair that come at once share one check; it counts as one attempt. */
  function fits(pair: string, user: UserRow | undefined, name: string, password: string, address: string) {
    const shared = `${pair} ${address} ${user?.password_hash}`;
    const known = running.get(shared);
    if (known) return known;
    throttle.attempt(name, address);
    const check = passwordFits(user?.password_hash, password).finally(() => running.delete(shared));
    running.set(shared, check);
    return check;
  }

  return {
    async check(name, password, address) {
      if (name.length > longestName || password.length > longestPassword || name.includes('\0'))
        return undefined;
      const user = await findUser(db, name);
      const pair = digest(name, password);
      if (user && isRemembered(pair, user)) return user.disabled ? undefined : user;
      if (!(await fits(pair, user, name, password, address)) || !user || user.disabled) return undefined;
      throttle.succeeded(name, address);
      remember(pair, user);
      return user;
    },
  };
}
