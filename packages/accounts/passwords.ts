/** Password hashes: argon2id with the parameters OWASP names (19 MiB, 2 passes, 1 lane); 7 ms a check here. */
import { randomBytes } from 'node:crypto';
import { hash, verify } from '@node-rs/argon2';

// Written out although they are the library's defaults: a new default must not change how we store passwords.
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

export function hashPassword(password: string): Promise<string> {
  return hash(password, cost);
}

let standIn: Promise<string> | undefined;

/**
 * Whether the password fits the hash. Without a hash (no such user) it is false after the same work, so that
 * the time an answer takes does not tell which users exist.
 */
export async function passwordFits(passwordHash: string | undefined, password: string): Promise<boolean> {
  standIn ??= hashPassword(randomBytes(16).toString('hex'));
  const fits = await verify(passwordHash ?? (await standIn), password);
  return fits && passwordHash !== undefined;
}

/** A password a person can type: 120 random bits. */
export function generatePassword(): string {
  return randomBytes(15).toString('base64url');
}
