/**
 * What is wrong with an autoinstall file, after Canonical's "Autoinstall configuration reference manual": sections
 * that exist, the kind of value each takes, and that somebody must be able to sign in some day.
 */

type Kind = 'text' | 'object' | 'texts' | 'commands' | 'flag';

const sections: Readonly<Record<string, Kind>> = {
  'early-commands': 'commands',
  'late-commands': 'commands',
  'error-commands': 'commands',
  'interactive-sections': 'texts',
  reporting: 'object',
  'user-data': 'object',
  packages: 'texts',
  'debconf-selections': 'text',
  locale: 'text',
  'refresh-installer': 'object',
  kernel: 'object',
  keyboard: 'object',
  source: 'object',
  network: 'object',
  proxy: 'text',
  apt: 'object',
  storage: 'object',
  identity: 'object',
  'active-directory': 'object',
  'ubuntu-pro': 'object',
  ssh: 'object',
  codecs: 'object',
  drivers: 'object',
  oem: 'object',
  snaps: 'commands',
  timezone: 'text',
  updates: 'text',
  shutdown: 'text',
};
const kinds: Record<Kind, [name: string, fits: (value: unknown) => boolean]> = {
  text: ['a text', (value) => typeof value === 'string'],
  flag: ['true or false', (value) => typeof value === 'boolean'],
  object: ['an object', (value) => typeof value === 'object' && value !== null && !Array.isArray(value)],
  texts: [
    'a list of texts',
    (value) => Array.isArray(value) && value.every((one) => typeof one === 'string'),
  ],
  commands: ['a list', Array.isArray],
};
// The keys of sections that refuse others.
const closed: Readonly<Record<string, Readonly<Record<string, Kind>>>> = {
  'refresh-installer': { update: 'flag', channel: 'text' },
  keyboard: { layout: 'text', variant: 'text', toggle: 'text' },
  source: { id: 'text', search_drivers: 'flag' },
  ssh: { 'install-server': 'flag', 'authorized-keys': 'texts', 'allow-pw': 'flag' },
};

/** The faults in a parsed file, a few words each; empty when there are none. */
export function autoinstallFaults(file: Record<string, unknown>): string[] {
  const { autoinstall = {}, ...others } = file as { autoinstall?: Record<string, unknown> };
  const faults = Object.keys(others).map((key) => `${key} beside autoinstall`);
  const { version, ...given } = autoinstall;
  if (version !== 1) faults.push('version is not 1');
  for (const [name, value] of Object.entries(given)) {
    const kind = sections[name];
    if (!kind) faults.push(`no section ${name}`);
    else if (!kinds[kind][1](value)) faults.push(`${name} is no ${kinds[kind][0].replace(/^an? /, '')}`);
    else if (closed[name]) faults.push(...keyFaults(name, value as Record<string, unknown>, closed[name]));
  }
  const layout = (given.storage as { layout?: { name?: string } } | undefined)?.layout?.name ?? 'lvm';
  if (!['lvm', 'direct', 'zfs', 'hybrid'].includes(layout)) faults.push(`no layout ${layout}`);
  if (!given.identity && !given['user-data']) faults.push('neither identity nor user-data');
  return faults;
}

function keyFaults(
  name: string,
  value: Record<string, unknown>,
  keys: Readonly<Record<string, Kind>>,
): string[] {
  return Object.entries(value).flatMap(([key, one]) => {
    const kind = keys[key];
    if (!kind) return [`${name} has no ${key}`];
    return kinds[kind][1](one) ? [] : [`${name}.${key} is not ${kinds[kind][0]}`];
  });
}
