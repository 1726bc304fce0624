/**
 * Replacing the key in the key file, in two steps with the re-encryption between them: `addKey`, then `dropKeys`.
 * Whoever calls them holds the database's lock on the key (lockSecretKey), so that nobody seals anything with a
 * key that is on its way out.
 */
import { randomBytes } from 'node:crypto';
import { keyFilePath, keyId } from './key.ts';
import { KEY_BYTES, readKeyFile, replaceKeyFile, unusable } from './key-file.ts';

/**
 * Puts a new key first in DATA_DIR/secret.key. Where older keys are left in it, an earlier rotation did not come
 * to its end: then its key is the new one. Gives the id of the current key and whether it was made now. Throws
 * Problem secret_key_unusable.
 */
export async function addKey(dataDir: string): Promise<{ current: string; made: boolean }> {
  const path = keyFilePath(dataDir);
  const keys = readKeyFile(path);
  // Not made here: with a DATA_DIR that is not the services', it would be a key that nobody else knows.
  if (keys === undefined) throw unusable(`${path} is not there; DATA_DIR must be that of the services`);
  if (keys.length > 1) return { current: keyId(keys[0]!), made: false };
  const fresh = randomBytes(KEY_BYTES);
  await replaceKeyFile(path, [fresh, ...keys]);
  return { current: keyId(fresh), made: true };
}

/** Removes all keys but the current one and those in `needed` from DATA_DIR/secret.key; gives the ids of what went. */
export async function dropKeys(dataDir: string, needed: ReadonlySet<string>): Promise<string[]> {
  const path = keyFilePath(dataDir);
  const keys = readKeyFile(path) ?? [];
  const kept = keys.filter((key, place) => place === 0 || needed.has(keyId(key)));
  if (kept.length === keys.length) return [];
  await replaceKeyFile(path, kept);
  return keys.filter((key) => !kept.includes(key)).map(keyId);
}
