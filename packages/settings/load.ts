/** Reads and checks the environment once, at start. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Setting, type SettingName, schema } from './schema.ts';

type Value<Name extends SettingName> =
  | ReturnType<(typeof schema)[Name]['parse']>
  | (undefined extends (typeof schema)[Name]['fallback'] ? undefined : never);

/** DATA_DIR is absolute here. */
export type Settings = { [Name in Exclude<SettingName, 'PACKAGER_ADDRESS'>]: Value<Name> } & {
  PACKAGER_ADDRESS: string;
};

/** A setting that cannot be used; the message is one clear line. */
export class SettingsError extends Error {
  override name = 'SettingsError';
}

/** Gives all settings; throws SettingsError naming the variable and what is wrong with it. */
export function loadSettings(env: NodeJS.ProcessEnv): Settings {
  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(schema) as [SettingName, Setting<unknown>][]) {
    const given = read(env, name, setting);
    try {
      values[name] = given === undefined ? setting.fallback : setting.parse(given);
    } catch (error) {
      throw new SettingsError(`${name} ${(error as Error).message}`);
    }
  }
  const settings = values as unknown as Settings;
  for (const group of together) requireAll(settings, group);
  settings.DATA_DIR = resolve(settings.DATA_DIR);
  // Where it listens on every address, this machine is one of them.
  settings.PACKAGER_ADDRESS ??= settings.PACKAGER_LISTEN.replace(/^(0\.0\.0\.0|\[::\]):/, 'localhost:');
  return settings;
}

/** Settings that mean something only together. */
const together: readonly (readonly SettingName[])[] = [
  ['TLS_CERT', 'TLS_KEY'],
  ['GRPC_CA', 'GRPC_CERT', 'GRPC_KEY'],
];

function requireAll(settings: Settings, names: readonly SettingName[]): void {
  const missing = names.filter((name) => settings[name] === undefined);
  const given = names.find((name) => settings[name] !== undefined);
  if (given !== undefined && missing.length > 0)
    throw new SettingsError(`${given} needs ${missing.join(' and ')} as well`);
}

function read(env: NodeJS.ProcessEnv, name: SettingName, setting: Setting<unknown>): string | undefined {
  const direct = env[name] || undefined;
  if (!setting.secret) return direct;
  const file = env[`${name}_FILE`];
  if (!file) return direct;
  if (direct !== undefined) throw new SettingsError(`${name} and ${name}_FILE are both set; use one`);
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    throw new SettingsError(`${name}_FILE names a file that cannot be read: ${file}`);
  }
}
