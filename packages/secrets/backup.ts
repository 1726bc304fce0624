/** The keys as one text that a backup holds, and back again. The text is never logged. */
import { link, rm } from 'node:fs/promises';
import { keyFilePath, keyId } from './key.ts';
import { decodeKey, readKeyFile, temporaryName, unusable, writeDurably } from './key-file.ts';

interface Place {
  readonly SECRET_KEY?: string | undefined;
  readonly SECRET_KEY_OLD?: string | undefined;
  readonly DATA_DIR: string;
}

/**
 * The keys of the settings, or else of DATA_DIR/secret.key, in the form of that file; undefined when there are none yet.
 * None is made here. Throws Problem secret_key_unusable.
 */
export function keysText({ SECRET_KEY, SECRET_KEY_OLD = '', DATA_DIR }: Place): string | undefined {
  if (SECRET_KEY === undefined) return readKeyFile(keyFilePath(DATA_DIR))?.map(line).join('');
  const others = SECRET_KEY_OLD.split(',').filter((text) => text.trim() !== '');
  return [SECRET_KEY, ...others].map((text) => line(decodeKey(text, 'SECRET_KEY'))).join('');
}

/** Ids of the keys in such a text. Throws Problem secret_key_unusable; `from` names where the text was found. */
export function keyIdsIn(text: string, from: string): Set<string> {
  return new Set(
    text
      .trim()
      .split('\n')
      .map((key) => keyId(decodeKey(key, from))),
  );
}

/** Makes DATA_DIR/secret.key of such a text, mode 0600. Throws Problem secret_key_unusable when there is one already. */
export async function placeKeys(dataDir: string, text: string): Promise<void> {
  const path = keyFilePath(dataDir);
  const temporary = temporaryName(path);
  try {
    await writeDurably(
      temporary,
      text
        .trim()
        .split('\n')
        .map((key) => decodeKey(key, 'the backup')),
    );
    await link(temporary, path).catch((error: unknown) => {
      throw unusable(`${path} is there already`, error);
    });
  } finally {
    await rm(temporary, { force: true });
  }
}

function line(key: Buffer): string {
  return `${key.toString('base64')}\n`;
}
