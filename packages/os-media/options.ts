/**
 * The customization options of a profile: their names in the contract (sections 4 and 6.1, C-16: kept in this
 * one place so that they can be changed), the kind of file each holds, and which family supports which.
 */
import type { OsFamily } from './families.ts';

export type FileKind = 'boot' | 'config' | 'software' | 'driver' | 'script' | 'unattend';
/** files.kind of the database: bundles are kept beside the files profiles carry. */
export type StoredKind = FileKind | 'bundle';
export type FileImageType = 'BOOT' | 'CONFIG' | 'SOFTWARE' | 'DUD' | 'SCRIPT' | 'UNATTEND';

export interface FileOption {
  /** Child of customizationOptions. */
  readonly option: string;
  /** Its list of file ids. */
  readonly ids: string;
  /** files.kind of the database. */
  readonly kind: FileKind;
  /** Image type a file of it is imported as. */
  readonly imageType: FileImageType;
}

/** In the order of the contract. */
export const fileOptions = [
  { option: 'bootOptions', ids: 'bootFileIds', kind: 'boot', imageType: 'BOOT' },
  { option: 'customConfigOptions', ids: 'customConfigFileIds', kind: 'config', imageType: 'CONFIG' },
  { option: 'customSoftwareOptions', ids: 'customSoftwareIds', kind: 'software', imageType: 'SOFTWARE' },
  { option: 'driverOptions', ids: 'driverIds', kind: 'driver', imageType: 'DUD' },
  { option: 'installScriptOptions', ids: 'installScriptIds', kind: 'script', imageType: 'SCRIPT' },
  { option: 'unattendOptions', ids: 'unattendFileIds', kind: 'unattend', imageType: 'UNATTEND' },
] as const satisfies readonly FileOption[];

export const locationOption = 'deployDataAndSoftwareLocation';

export type OptionName = (typeof fileOptions)[number]['option'] | typeof locationOption;

const all: readonly OptionName[] = [...fileOptions.map(({ option }) => option), locationOption];
// Boot files are WinPE images: contract, section 5.2.
const linux = all.filter((name) => name !== 'bootOptions');
// ESXi takes neither scripts nor drivers beside its installer; the vendor states nothing for software.
const esxi: readonly OptionName[] = ['customConfigOptions', 'unattendOptions'];
const supported: Record<OsFamily, readonly OptionName[]> = {
  rhel: linux,
  sles: linux,
  debian: linux,
  ubuntu: linux,
  windows: all,
  esxi,
};

/** The options profiles of a family support; none for a family that is not known. */
export function supportedOptions(family: string): readonly OptionName[] {
  return Object.hasOwn(supported, family) ? supported[family as OsFamily] : [];
}

/** As it is in answers and in an archive's metadata. */
export type CustomizationOptions = Record<OptionName, Record<string, string[]> | string>;

/**
 * The customizationOptions of a profile that carries `files` (kind and id each, in their order): null where
 * the family cannot be customized, an empty string for each option it does not support (contract, section 4).
 */
export function customizationOptions(
  family: string,
  files: readonly { readonly kind: string; readonly id: string }[],
  location: string,
): CustomizationOptions | null {
  const can = supportedOptions(family);
  if (can.length === 0) return null;
  const entries = fileOptions.map(({ option, ids, kind }) => {
    const carried = files.filter((file) => file.kind === kind).map((file) => file.id);
    return [option, can.includes(option) ? { [ids]: carried } : ''] as const;
  });
  return Object.fromEntries([...entries, [locationOption, location]]) as CustomizationOptions;
}
