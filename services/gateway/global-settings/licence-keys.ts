/** Windows licence keys among the global settings: stored sealed, shown whole only to those who may change them. */
import { type Database, type Queryable, readSettingSecrets, saveSettingSecret } from '@osimage/database';
import { Problem } from '@osimage/errors';
import { type KeyRing, open, seal } from '@osimage/secrets';
import type { SettingsChange } from '../schemas/settings.ts';

const prefix = 'licence/';
/** The releases clients of the contract expect to find. */
const usual = ['win2012r1', 'win2012r2', 'win2016r1', 'win2019r1'];
const editions = ['dataCenterLicenseKey', 'standardLicenseKey'] as const;
const release = /^[A-Za-z0-9._-]{1,40}$/;
/** As much of a key as Windows shows of its own. */
const shownEnd = 5;

type Keys = Record<(typeof editions)[number], string>;

/** The keys by release, empty where there is none. Throws Problem licence_keys_unreadable. */
export async function shownLicenceKeys(
  db: Database,
  secrets: KeyRing,
  whole: boolean,
): Promise<Record<string, Keys>> {
  const shown = new Map<string, Keys>(usual.map((name) => [name, none()]));
  for (const [id, sealed] of await readSettingSecrets(db, prefix)) {
    const [name = '', edition] = id.slice(prefix.length).split('/');
    const keys = shown.get(name) ?? none();
    shown.set(name, keys);
    const key = unsealed(secrets, id, sealed);
    keys[edition as keyof Keys] = whole ? key : masked(key);
  }
  return Object.fromEntries(shown);
}

function none(): Keys {
  return { dataCenterLicenseKey: '', standardLicenseKey: '' };
}

function unsealed(secrets: KeyRing, id: string, sealed: string): string {
  try {
    return open(secrets, sealed, `settings/${id}`);
  } catch (cause) {
    throw new Problem('licence_keys_unreadable', {}, { cause });
  }
}

function masked(key: string): string {
  const end = key.length > 2 * shownEnd ? key.slice(-shownEnd) : '';
  return key.slice(0, key.length - end.length).replaceAll(/[^-]/g, '*') + end;
}

/** Keeps the keys that are given; an empty one removes the former. Throws Problem invalid_request. */
export async function changeLicenceKeys(
  tx: Queryable,
  secrets: KeyRing,
  given: NonNullable<SettingsChange['licenseKeys']>,
): Promise<void> {
  for (const [name, keys] of Object.entries(given)) {
    if (!release.test(name)) {
      throw new Problem('invalid_request', {
        detail: 'A release in licenseKeys is named by letters, digits, dots, hyphens and underscores.',
      });
    }
    for (const edition of editions) {
      const key = keys[edition];
      if (key == null) continue;
      const id = `${prefix}${name}/${edition}`;
      await saveSettingSecret(tx, id, key === '' ? null : seal(secrets, key, `settings/${id}`));
    }
  }
}
