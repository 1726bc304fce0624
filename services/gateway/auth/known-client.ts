/**
 * A cookie by which a client shows that it has signed in to an account before (a "device cookie" in OWASP's
 * words). It signs nobody in: it only makes the throttle count this client by itself, so that guessing by others
 * cannot keep the owner out. It stops working when the password changes.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { UserRow } from '@osimage/database';
import type { KeyRing } from '@osimage/secrets';

export const knownClientCookie = 'knownClient';
/** Seconds. */
export const knownClientAge = 90 * 86_400;

type Account = Pick<UserRow, 'name' | 'password_hash'>;

/** Makes the cookie's value for a client that has just signed in. */
export function issueKnownClient(secrets: KeyRing, account: Account): string {
  const id = randomBytes(16).toString('base64url');
  const until = Math.floor(Date.now() / 1000) + knownClientAge;
  return [secrets.current, id, until, mac(secrets, secrets.current, `${id}.${until}`, account)].join('.');
}

/** Gives the client's id when the cookie is one of ours, for this account, and not too old. */
export function readKnownClient(secrets: KeyRing, value: string, account: Account): string | undefined {
  if (value.length > 200) return undefined;
  const [keyId = '', id = '', until = '', given = '', ...rest] = value.split('.');
  if (rest.length > 0 || !/^\d{1,12}$/.test(until) || Number(until) * 1000 < Date.now()) return undefined;
  const [a, b] = [Buffer.from(given), Buffer.from(mac(secrets, keyId, `${id}.${until}`, account))];
  return b.length > 0 && a.length === b.length && timingSafeEqual(a, b) ? id : undefined;
}

/** Empty when the key is not known (any more). */
function mac(secrets: KeyRing, keyId: string, text: string, account: Account): string {
  const key = secrets.keys.get(keyId);
  if (key === undefined) return '';
  // A key of its own for this use, made from the one that encrypts.
  const ownKey = createHmac('sha256', key).update('osimage known client').digest();
  const owner = JSON.stringify([account.name, account.password_hash]);
  return createHmac('sha256', ownKey).update(`${text}\0${owner}`).digest('base64url');
}
