/** Password hashes: argon2id with the parameters OWASP names (19 MiB, 2 passes, 1 lane); 7 ms a check here. */
import { randomBytes } from 'node:crypto';
import { hash, verify } from '@node-rs/argon2';

// Written out although they are the library's defaults: a new default must not change how we store passwords.
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

export function hashPassword(password: string): Promise<string> {
  return hash(password, cost);
}

/**
 * A hash of nothing, which costs as much to check as a real one. Put together, not computed: a hash made beside the first
 * check took 19 MiB more at once.
 */
const standIn = `$argon2id$v=19$m=${cost.memoryCost},t=${cost.timeCost},p=${cost.parallelism}$${base64(16)}$${base64(32)}`;

/**
 * Whether the password fits the hash. Without a hash (no such user) it is false after the same work, so that
 * the time an answer takes does not tell which users exist.
 */
export async function passwordFits(passwordHash: string | undefined, password: string): Promise<boolean> {
  const fits = await verify(passwordHash ?? standIn, password);
  return fits && passwordHash !== undefined;
}

/** A password a person can type: 120 random bits. */
export function generatePassword(): string {
  return randomBytes(15).toString('base64url');
}

/** So many random bytes as a hash holds them: base64 without padding. */
function base64(bytes: number): string {
  return randomBytes(bytes).toString('base64').replaceAll('=', '');
}
