/** Takes profile/metadata.json apart, as strictly as buildMetadata writes it. */
import { Problem } from '@osimage/errors';
import { type FileKind, isFileKind, memberPath } from './layout.ts';
import {
  archiveFormat,
  buildMetadata,
  type CustomizationOptions,
  formatVersion,
  type Metadata,
  type ProfileFile,
  type ProfileSnapshot,
} from './metadata.ts';
import { quoted } from './tar-reader.ts';

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads a metadata.json back. Only a text that buildMetadata gives for the result is accepted: no other key,
 * order or spacing. Throws Problem archive_damaged saying what is wrong.
 */
export function parseMetadata(text: string): Metadata {
  try {
    const snapshot = parseSnapshot(text);
    if (buildMetadata(snapshot) !== text) throw wrong('it', 'is not in the one form its content has');
    return { ...snapshot, files: snapshot.files.map((file) => ({ ...file, path: pathOf(file) })) };
  } catch (error) {
    if (error instanceof Problem && error.code === 'bad_name') throw wrong('files', error.message, error);
    throw error;
  }
}

function pathOf({ kind, sha256, name }: ProfileFile): string {
  return memberPath(kind, sha256, name);
}

/** Types and references; parseMetadata checks the form by writing the text again. */
function parseSnapshot(text: string): ProfileSnapshot {
  const root = fields(parseJson(text), 'metadata.json');
  if (root.format !== archiveFormat) throw wrong('format', `is not "${archiveFormat}"`);
  if (root.formatVersion !== formatVersion)
    throw wrong('formatVersion', `is not ${formatVersion}, the only one this release reads`);
  const baseImage = fields(root.baseImage, 'baseImage');
  const profile = fields(root.profile, 'profile');
  const customizationOptions = optionsOf(root.customizationOptions);
  const files = list(root, 'files').map(profileFile);
  checkFiles(files, customizationOptions);
  return {
    encoder: count(root, 'encoder'),
    baseImage: {
      id: string(baseImage, 'id'),
      name: string(baseImage, 'name'),
      os: string(baseImage, 'os'),
      osrelease: string(baseImage, 'osrelease'),
      arch: string(baseImage, 'arch'),
      sha256: digest(baseImage),
      size: count(baseImage, 'size'),
    },
    profile: {
      id: string(profile, 'id'),
      name: string(profile, 'name'),
      description: string(profile, 'description'),
      kind: profileKind(profile.kind),
      baseProfileId: profile.baseProfileId === null ? null : string(profile, 'baseProfileId'),
    },
    customizationOptions,
    files,
  };
}

function profileFile(value: unknown): ProfileFile {
  const file = fields(value, 'files');
  return {
    kind: fileKind(file.kind),
    id: string(file, 'id'),
    name: string(file, 'name'),
    description: string(file, 'description'),
    os: string(file, 'os'),
    osrelease: string(file, 'osrelease'),
    version: string(file, 'version'),
    type: string(file, 'type'),
    size: count(file, 'size'),
    sha256: digest(file),
  };
}

function optionsOf(value: unknown): CustomizationOptions | null {
  if (value === null) return null;
  const options = fields(value, 'customizationOptions');
  for (const [name, option] of Object.entries(options)) {
    if (typeof option === 'string') continue;
    for (const ids of Object.values(fields(option, quoted(name))))
      if (!Array.isArray(ids) || ids.some((id) => typeof id !== 'string'))
        throw wrong(quoted(name), 'is not a list of ids');
  }
  return options as CustomizationOptions;
}

/** Every file is used once, every id used is a file, and a path that comes twice is the same content. */
function checkFiles(files: readonly ProfileFile[], options: CustomizationOptions | null): void {
  const used = Object.values(options ?? {}).flatMap((option) =>
    typeof option === 'string' ? [] : Object.values(option).flat(),
  );
  const own = files.filter((file) => file.kind !== 'predefined-unattend').map((file) => file.id);
  if (used.toSorted().join() !== own.toSorted().join() || new Set(own).size !== own.length)
    throw wrong('files', 'is not the list of files that customizationOptions names');
  const contents = new Map<string, string>();
  for (const file of files) {
    const content = `${file.sha256} ${file.size}`;
    const path = pathOf(file);
    if ((contents.get(path) ?? content) !== content) throw wrong('files', `has two contents for ${path}`);
    contents.set(path, content);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw wrong('metadata.json', 'is not JSON', cause);
  }
}

function fields(value: unknown, name: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw wrong(name, 'is not an object');
  return value as Fields;
}

function list(from: Fields, name: string): readonly unknown[] {
  const value = from[name];
  if (!Array.isArray(value)) throw wrong(name, 'is not a list');
  return value;
}

function string(from: Fields, name: string): string {
  const value = from[name];
  if (typeof value !== 'string') throw wrong(name, 'is not a text');
  return value;
}

function count(from: Fields, name: string): number {
  const value = from[name];
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw wrong(name, 'is not a whole number');
  return value;
}

function digest(from: Fields): string {
  const value = string(from, 'sha256');
  if (!/^[0-9a-f]{64}$/.test(value)) throw wrong('sha256', 'is not a SHA-256');
  return value;
}

function profileKind(value: unknown): 'predefined' | 'custom' {
  if (value !== 'predefined' && value !== 'custom') throw wrong('kind', 'is neither predefined nor custom');
  return value;
}

function fileKind(value: unknown): FileKind {
  if (!isFileKind(value)) throw wrong('kind', 'is no kind of file');
  return value;
}

function wrong(name: string, what: string, cause?: unknown): Problem {
  return new Problem('archive_damaged', { detail: `its metadata is wrong: ${name} ${what}` }, { cause });
}
