/**
 * Checks a user name and a password. argon2id is slow on purpose (150 checks a second on two cores), and
 * clients with HTTP Basic send the password with every request, so a pair that was right is remembered for
 * a while: as a hash with a key this process made up, together with the stored hash it was checked against.
 */
import { hash, randomBytes } from 'node:crypto';
import { longestPassword, passwordFits } from '@osimage/accounts';
import { type Database, findUsers, together, type UserRow } from '@osimage/database';
import type { KeyRing } from '@osimage/secrets';
import { readKnownClient } from './known-client.ts';
import type { Guess, Throttle } from './throttle.ts';

/** Forgotten when it was not used for this long. */
const rememberMs = 10 * 60_000;
const mostRemembered = 1_000;
/** Longer names are wrong without being looked at, and so are longer passwords. */
const longestName = 256;

/** Who sends a name and a password. */
interface Caller {
  readonly address: string;
  /** The cookie of known-client.ts, if one came. */
  readonly knownClient?: string | undefined;
}

export interface Credentials {
  /**
   * Gives the user, or undefined when name or password is wrong or the account is disabled.
   * Throws Problem `too_many_requests` after too many wrong ones.
   */
  check(name: string, password: string, caller: Caller): Promise<UserRow | undefined>;
}

export function createCredentials(db: Database, secrets: KeyRing, throttle: Throttle): Credentials {
  const key = randomBytes(32).toString('base64');
  const findUser = together((names: readonly string[]) => findUsers(db, names));
  const remembered = new Map<string, { passwordHash: string; until: number }>();
  const running = new Map<string, Promise<boolean>>();

  function digest(name: string, password: string): string {
    return hash('sha256', `${key}\0${name}\0${password}`, 'base64');
  }

  /** A changed password has another hash: what was right before is not right any more. */
  function isRemembered(pair: string, user: UserRow): boolean {
    const known = remembered.get(pair);
    if (!known) return false;
    const right = known.until > Date.now() && known.passwordHash === user.password_hash;
    if (!right) remembered.delete(pair);
    // Without end while it is used: a running script must not depend on what others at its address do.
    else known.until = Date.now() + rememberMs;
    return right;
  }

  function remember(pair: string, user: UserRow): void {
    remembered.delete(pair);
    remembered.set(pair, { passwordHash: user.password_hash, until: Date.now() + rememberMs });
    if (remembered.size > mostRemembered) remembered.delete(remembered.keys().next().value!);
  }

  /** Requests with one pair that come at once share one check; it counts as one attempt. */
  function fits(pair: string, user: UserRow | undefined, password: string, guess: Guess): Promise<boolean> {
    const shared = `${pair} ${guess.address} ${guess.knownClient} ${user?.password_hash}`;
    const known = running.get(shared);
    if (known) return known;
    const succeeded = throttle.attempt(guess);
    const check = passwordFits(user?.password_hash, password)
      .then((right) => {
        if (right && !user?.disabled) succeeded();
        return right;
      })
      .finally(() => running.delete(shared));
    running.set(shared, check);
    return check;
  }

  return {
    async check(name, password, { address, knownClient }) {
      if (name.length > longestName || password.length > longestPassword || name.includes('\0'))
        return undefined;
      const user = await findUser(name);
      const pair = digest(name, password);
      if (user && isRemembered(pair, user)) return user.disabled ? undefined : user;
      const client = user && knownClient && readKnownClient(secrets, knownClient, user);
      const guess = { account: name, address, knownClient: client || undefined };
      if (!(await fits(pair, user, password, guess)) || !user || user.disabled) return undefined;
      remember(pair, user);
      return user;
    },
  };
}
