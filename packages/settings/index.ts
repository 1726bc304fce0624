export { isLicenceOver, licenceWarning } from './licence.ts';
export { loadSettings, type Settings, SettingsError } from './load.ts';
export { type Setting, type SettingName, schema } from './schema.ts';
