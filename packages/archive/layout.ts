/** Which paths exist in an archive (contract, section 7.3), and which names a file in it may have. */
import { Problem } from '@osimage/errors';

export const metadataPath = 'profile/metadata.json';
export const checksumsPath = 'profile/checksums.sha256';
export const digestPath = 'profile/archive.sha256';

/** The largest metadata.json a reader takes, bytes; that of 10,000 files has 5 MB. */
export const metadataLimit = 64 * 1024 * 1024;

const folders = {
  boot: 'boot',
  config: 'config',
  driver: 'drivers',
  script: 'scripts',
  software: 'software',
  unattend: 'unattend',
} as const;

/** What a file is for; `predefined-unattend` files are made by the service and have no id. */
export type FileKind = keyof typeof folders | 'predefined-unattend';

const predefinedFolder = 'unattend-predefined';

export function isFileKind(value: unknown): value is FileKind {
  return typeof value === 'string' && (value === 'predefined-unattend' || Object.hasOwn(folders, value));
}

/**
 * The path of a file in the archive. `sha256` is that of its content, hexadecimal.
 * Throws Problem bad_name for a name that some system could not unpack, or would unpack elsewhere.
 */
export function memberPath(kind: FileKind, sha256: string, name: string): string {
  checkName(name);
  if (kind === 'predefined-unattend') return `profile/${predefinedFolder}/${name}`;
  return `profile/${folders[kind]}/${sha256.slice(0, 16)}/${name}`;
}

const layout = new RegExp(
  `^profile/(?:(?:${Object.values(folders).join('|')})/([0-9a-f]{16})|${predefinedFolder})/([^/]+)$`,
);

/** Throws Problem bad_name unless `path` is one that memberPath could have given for this content. */
export function checkMemberPath(path: string, sha256: string): void {
  const match = layout.exec(path);
  if (!match?.[2]) throw new Problem('bad_name', { name: path, detail: 'it is no path of an archive' });
  checkName(match[2]);
  if (match[1] !== undefined && !sha256.startsWith(match[1]))
    throw new Problem('bad_name', { name: path, detail: 'its folder does not go with its content' });
}

/** The last part of a path, which is the name the user knows. */
export function fileName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const forbidden = /[\u0000-\u001f\u007f/\\]/;

function checkName(name: string): void {
  const detail = wrongWith(name);
  // Cut, for it may come from an archive of anybody.
  if (detail !== undefined)
    throw new Problem('bad_name', { name: JSON.stringify(name.slice(0, 300)), detail });
}

function wrongWith(name: string): string | undefined {
  if (name === '' || name === '.' || name === '..') return 'it names no file';
  if (!name.isWellFormed()) return 'it is not valid Unicode';
  // A backslash is a folder separator on Windows, and sha256sum escapes it.
  if (forbidden.test(name)) return 'it contains a slash, a backslash or a control character';
  if (Buffer.byteLength(name) > 255) return 'it is longer than 255 bytes';
  return undefined;
}

/** Sorts by the bytes of the paths in UTF-8, which is not the order of JavaScript's strings; stable. */
export function sortByPath<T extends { readonly path: string }>(items: readonly T[]): T[] {
  const keyed = items.map((item) => ({ item, key: Buffer.from(item.path) }));
  return keyed.sort((a, b) => Buffer.compare(a.key, b.key)).map(({ item }) => item);
}

/**
 * Sorted by path. One content that a profile carries twice under one name is one member; throws Problem conflict for
 * two contents under one.
 */
export function uniqueMembers<T extends { readonly path: string }>(
  members: readonly T[],
  sha256Of: (member: T) => string,
): T[] {
  const unique: T[] = [];
  for (const member of sortByPath(members)) {
    const before = unique.at(-1);
    if (before?.path !== member.path) unique.push(member);
    else if (sha256Of(before) !== sha256Of(member))
      throw new Problem('conflict', { detail: `Two files of the profile have the path ${member.path}.` });
  }
  return unique;
}
