/**
 * profile/metadata.json: what a profile is, fixed when its export is asked for. The text is canonical, so
 * equal profiles give equal bytes, and everything else in the archive follows from it.
 */
import { type FileKind, memberPath, sortByPath } from './layout.ts';

export const archiveFormat = 'osimage-export archive';
export const formatVersion = 1;

/** The base image an importing site must have; its ISO is not part of the archive. */
export interface BaseImage {
  readonly id: string;
  readonly name: string;
  readonly os: string;
  readonly osrelease: string;
  readonly arch: string;
  /** SHA-256 of its ISO, lower-case hexadecimal. */
  readonly sha256: string;
  /** Bytes of its ISO. */
  readonly size: number;
}

export interface SourceProfile {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly kind: 'predefined' | 'custom';
  /** The predefined profile a custom one was made from; null for a predefined one. */
  readonly baseProfileId: string | null;
}

/**
 * The shape of contract, section 6.1: an option holds one list of file ids, or is a text (the location, or
 * empty for an option the operating system does not support). Null: it cannot be customized at all.
 */
export type CustomizationOptions = Readonly<
  Record<string, string | Readonly<Record<string, readonly string[]>>>
>;

export interface ProfileFile {
  readonly kind: FileKind;
  /** Empty for `predefined-unattend`. */
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly os: string;
  readonly osrelease: string;
  readonly version: string;
  readonly type: string;
  /** Bytes. */
  readonly size: number;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
}

/** A profile as it is when its export is asked for. */
export interface ProfileSnapshot {
  /** Version of the blob encoder that packs the content; see @osimage/blob-store. */
  readonly encoder: number;
  readonly baseImage: BaseImage;
  readonly profile: SourceProfile;
  /** Which file is used for what, in which order; kept as it is. */
  readonly customizationOptions: CustomizationOptions | null;
  /** In any order. */
  readonly files: readonly ProfileFile[];
}

/** metadata.json taken apart. */
export interface Metadata extends ProfileSnapshot {
  /** Sorted by path; several files of a profile may share one path, being the same content under one name. */
  readonly files: readonly (ProfileFile & { readonly path: string })[];
}

/** What one file member must be. */
export interface ArchiveFile {
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}

/**
 * The text of metadata.json. Throws Problem bad_name for a file name that cannot be packed.
 */
export function buildMetadata(snapshot: ProfileSnapshot): string {
  const { encoder, baseImage, profile, customizationOptions } = snapshot;
  const entries = snapshot.files.map((file) => ({
    ...pick(file, [
      'kind',
      'id',
      'name',
      'description',
      'os',
      'osrelease',
      'version',
      'type',
      'size',
      'sha256',
    ]),
    path: memberPath(file.kind, file.sha256, file.name),
  }));
  // By path; the same path twice (one content imported twice under one name) by id.
  const byId = entries.toSorted((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  const files = sortByPath(byId);
  const metadata = {
    format: archiveFormat,
    formatVersion,
    encoder,
    baseImage: pick(baseImage, ['id', 'name', 'os', 'osrelease', 'arch', 'sha256', 'size']),
    profile: pick(profile, ['id', 'name', 'description', 'kind', 'baseProfileId']),
    customizationOptions,
    installationOptions: {
      predefinedUnattendFiles: files
        .filter((file) => file.kind === 'predefined-unattend')
        .map((file) => file.name),
    },
    files,
  };
  return `${JSON.stringify(metadata, null, 2)}\n`;
}

/** The members an archive of this profile has between its metadata and its checksums: each path once, in order. */
export function archiveFiles(metadata: Metadata): ArchiveFile[] {
  return metadata.files
    .filter(({ path }, at) => path !== metadata.files[at - 1]?.path)
    .map(({ path, size, sha256 }) => ({ path, size, sha256 }));
}

/** The named values in the order of the names: a key order that does not depend on the caller's object. */
function pick<T, K extends keyof T>(from: T, keys: readonly K[]): Pick<T, K> {
  return Object.fromEntries(keys.map((key) => [key, from[key]])) as Pick<T, K>;
}
