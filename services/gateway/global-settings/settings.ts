/** Global settings: their defaults, how they look, and what a change does to them (contract, section 9). */
import {
  type Database,
  type DeploySettings,
  type DomainSetting,
  holdSecretKey,
  lockSettings,
  readSettings,
  saveSettings,
} from '@osimage/database';
import { Problem } from '@osimage/errors';
import type { KeyRing } from '@osimage/secrets';
import type { SettingsChange } from '../schemas/settings.ts';
import { changeLicenceKeys, shownLicenceKeys } from './licence-keys.ts';
import { type GivenCredential, keepPasswords } from './passwords.ts';

const defaults: DeploySettings = {
  ipDuplicationCheckEnabled: true,
  stateTransitionTimeout: 0,
  allDomains: [],
  defaultDomain: null,
  credentials: [
    { type: 'ESXi', name: 'root' },
    { type: 'LINUX', name: 'root' },
    { type: 'WINDOWS', name: 'Administrator' },
  ],
  ipAssignment: 'dhcpv4',
  isVLANMode: false,
};

/** The types of credentials in the contract's spelling, by their lower-case form. */
const types = new Map(['ESXi', 'LINUX', 'WINDOWS', 'RHEL/ESXi'].map((type) => [type.toLowerCase(), type]));

/** The answer's attributes. Never a password; licence keys in full only for those who may change them. */
export async function shownSettings(db: Database, secrets: KeyRing, mayEdit: boolean) {
  const settings = { ...defaults, ...(await readSettings(db)) };
  const { ipDuplicationCheckEnabled, stateTransitionTimeout, allDomains, defaultDomain } = settings;
  return {
    deploySettings: { ipDuplicationCheckEnabled, stateTransitionTimeout },
    globalSetting: {
      activeDirectory: { allDomains, defaultDomain },
      credentials: settings.credentials.map(({ type, name }) => ({
        name,
        type,
        password: null,
        passwordChanged: false,
      })),
      ipAssignment: settings.ipAssignment,
      isVLANMode: settings.isVLANMode,
      licenseKeys: await shownLicenceKeys(db, secrets, mayEdit),
    },
  };
}

export interface Editor {
  readonly name: string;
  /** Whether they may change how servers get their addresses, which takes a privilege of its own. */
  readonly mayDeploy: boolean;
}

/**
 * Changes what is given, all or nothing. Throws Problem privilege_missing (ipAssignment) or invalid_request
 * (domains, licence keys).
 */
export async function changeSettings(
  db: Database,
  secrets: KeyRing,
  change: SettingsChange,
  editor: Editor,
): Promise<void> {
  await db.transaction(async (tx) => {
    await holdSecretKey(tx);
    const before = { ...defaults, ...(await lockSettings(tx)) };
    const after = merged(before, change);
    if (after.ipAssignment !== before.ipAssignment && !editor.mayDeploy) {
      throw new Problem('privilege_missing', {
        privilege: 'lxc-osdeploy-edit-settings-and-deploy-os-images',
      });
    }
    await saveSettings(tx, after, editor.name);
    await keepPasswords(tx, secrets, before.credentials, given(change));
    await changeLicenceKeys(tx, secrets, change.licenseKeys ?? {});
  });
}

function merged(before: DeploySettings, change: SettingsChange): DeploySettings {
  const { deploySettings, activeDirectory, ipAssignment, isVLANMode } = change;
  return {
    ipDuplicationCheckEnabled: deploySettings?.ipDuplicationCheckEnabled ?? before.ipDuplicationCheckEnabled,
    stateTransitionTimeout: deploySettings?.stateTransitionTimeout ?? before.stateTransitionTimeout,
    allDomains: activeDirectory?.allDomains ? domains(activeDirectory.allDomains) : before.allDomains,
    defaultDomain:
      activeDirectory?.defaultDomain === undefined ? before.defaultDomain : activeDirectory.defaultDomain,
    credentials: credentials(before.credentials, given(change)),
    ipAssignment: ipAssignment ?? before.ipAssignment,
    isVLANMode: isVLANMode == null ? before.isVLANMode : String(isVLANMode).toLowerCase() === 'true',
  };
}

type Domains = NonNullable<NonNullable<SettingsChange['activeDirectory']>['allDomains']>;

/** The list takes the place of the former one; those without an id get the next numbers. */
function domains(wanted: Domains): DomainSetting[] {
  const ids = wanted.map(({ id }) => (id == null || id === '' ? undefined : String(id)));
  const known = ids.filter((id) => id !== undefined);
  if (new Set(known).size !== known.length)
    throw new Problem('invalid_request', { detail: 'Two domains of allDomains have the same id.' });
  let next = 1 + Math.max(-1, ...known.filter((id) => /^\d{1,9}$/.test(id)).map(Number));
  return wanted.map(({ domainName, OU }, at) => ({
    id: ids[at] ?? String(next++),
    domainName,
    OU: OU ?? '',
  }));
}

function given({ credentials }: SettingsChange): GivenCredential[] {
  return (credentials ?? []).map((one) => ({ ...one, type: types.get(one.type.toLowerCase()) ?? one.type }));
}

/** There is one for each type: what is given takes the place of that one, and the others stay. */
function credentials(
  before: DeploySettings['credentials'],
  wanted: readonly GivenCredential[],
): DeploySettings['credentials'] {
  const names = new Map(before.map(({ type, name }) => [type, name]));
  for (const { type, name } of wanted) names.set(type, name ?? names.get(type) ?? 'root');
  return [...names].map(([type, name]) => ({ type, name }));
}
