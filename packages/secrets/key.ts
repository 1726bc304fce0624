/**
 * The keys that encrypt stored passwords: those of the settings SECRET_KEY and SECRET_KEY_OLD, or those of a file
 * made at the first start. Every process of one installation must end up with the same ones, also when two start
 * at once, and while they are being replaced (rotate.ts).
 */
import { createHash, createSecretKey, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { decodeKey, makeKeyFile, readKeyFile, unusable } from './key-file.ts';

/** The keys of this installation. New secrets use `current`; old ones name the key they need. */
export interface KeyRing {
  readonly current: string;
  readonly keys: ReadonlyMap<string, KeyObject>;
  /**
   * Looks again at where the keys come from, when that is a file. A key that was known stays known: what was read
   * from the database a moment ago may still need it. Throws Problem secret_key_unusable.
   */
  reload?(): void;
}

interface KeySettings {
  readonly SECRET_KEY?: string | undefined;
  readonly SECRET_KEY_OLD?: string | undefined;
  readonly DATA_DIR: string;
}

/**
 * Gives the keys of SECRET_KEY (32 bytes, base64) and SECRET_KEY_OLD, or those in DATA_DIR/secret.key, which is
 * made (mode 0600) when it is not there. Throws Problem secret_key_unusable.
 */
export async function loadSecretKey(settings: KeySettings): Promise<KeyRing> {
  const { SECRET_KEY, SECRET_KEY_OLD = '' } = settings;
  if (SECRET_KEY !== undefined) {
    const others = SECRET_KEY_OLD.split(',').filter((text) => text.trim() !== '');
    return ringOf([
      decodeKey(SECRET_KEY, 'SECRET_KEY'),
      ...others.map((text) => decodeKey(text, 'SECRET_KEY_OLD')),
    ]);
  }
  const path = keyFilePath(settings.DATA_DIR);
  const ring = ringOf(readKeyFile(path) ?? (await makeKeyFile(path)));
  return {
    get current() {
      return ring.current;
    },
    keys: ring.keys,
    reload() {
      const now = readKeyFile(path);
      if (now === undefined) throw unusable(`${path} is gone; put it back`);
      const fresh = ringOf(now);
      for (const [id, key] of fresh.keys) ring.keys.set(id, key);
      ring.current = fresh.current;
    },
  };
}

export function keyFilePath(folder: string): string {
  return join(folder, 'secret.key');
}

function ringOf(keys: readonly Buffer[]): { current: string; keys: Map<string, KeyObject> } {
  // A KeyObject, not a Buffer: it does not show its bytes when somebody prints it.
  const entries = keys.map((bytes) => [keyId(bytes), createSecretKey(bytes)] as const);
  return { current: entries[0]![0], keys: new Map(entries) };
}

/** Short public name of a key. The label keeps it from being a hash that is used for anything else. */
export function keyId(bytes: Buffer): string {
  return createHash('sha256').update('osimage secret key id\0').update(bytes).digest('hex').slice(0, 8);
}
