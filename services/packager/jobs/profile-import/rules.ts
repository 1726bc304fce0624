/**
 * What the metadata of an archive must keep to before it may become rows: the rules POST /osImages/{id} and an upload
 * have. The archive reader vouches for its form, its sizes and its digests; ids, names and words may still be anything.
 */
import type { Metadata, ProfileFile } from '@osimage/archive';
import type { ImportedFile, ImportedProfile } from '@osimage/database';
import { Problem } from '@osimage/errors';
import {
  checkFileName,
  checkPlainName,
  customizationOptions,
  familyOf,
  fileOptions,
  isFileId,
  isImageId,
  isProfileId,
  locationOption,
  maxTextSize,
} from '@osimage/os-media';

/** Checks what can be told without the base image. Throws Problem archive_refused or predefined_not_importable. */
export function checkSource({ baseImage, profile }: Metadata): void {
  if (!isImageId(baseImage.id)) throw refused('the id of its base image is none');
  // The arch is compared with that of the image here, so it needs no form of its own.
  if (!isProfileId(profile.id, baseImage.id, baseImage.arch)) throw refused('the id of its profile is none');
  if (profile.kind === 'predefined') throw new Problem('predefined_not_importable', { id: profile.id });
}

/**
 * Gives the profile an archive holds, for a base image of this family and arch. Throws Problem archive_refused with
 * what is wrong.
 */
export function archivedProfile(
  metadata: Metadata,
  image: { readonly family: string; readonly arch: string },
): ImportedProfile {
  const { baseImage, profile } = metadata;
  if (baseImage.arch !== image.arch) throw refused('the arch of its base image is not that of the one here');
  checkText('the name of its profile', profile.name, 200, /[\p{Cc}]/u);
  if (profile.name.trim() === '') throw refused('its profile has no name');
  checkText('the description of its profile', profile.description, 2000);
  const location = metadata.customizationOptions?.[locationOption];
  if (typeof location !== 'string') throw refused('its customizationOptions are not complete');
  checkText(locationOption, location, 1024, /[\p{Cc}]/u);

  const own = metadata.files.filter((file) => file.kind !== 'predefined-unattend');
  const predefined = metadata.files.filter((file) => file.kind === 'predefined-unattend');
  for (const file of own) checkFile(file, image.family);
  for (const file of predefined) checkPredefined(file);
  refuseLikeNames(metadata.files);
  const files = inOrder(metadata, own);
  // Which options there are, which of them the family has, and what kind of file is in which.
  const expected = customizationOptions(image.family, files, location);
  if (JSON.stringify(expected) !== JSON.stringify(metadata.customizationOptions))
    throw refused('its customizationOptions are not those of this operating system');
  return {
    id: profile.id,
    imageId: baseImage.id,
    baseId: profile.baseProfileId,
    name: profile.name,
    description: profile.description,
    location,
    files: files.map(toImported),
    predefined: predefined.map(({ name, size, sha256 }) => ({ name, size, sha256 })),
  };
}

/** The files in the order in which the options name them. */
function inOrder(metadata: Metadata, own: readonly ProfileFile[]): ProfileFile[] {
  const byId = new Map(own.map((file) => [file.id, file]));
  return fileOptions.flatMap(({ option, ids }) => {
    const used = metadata.customizationOptions?.[option];
    const list = typeof used === 'object' ? (used[ids] ?? []) : [];
    return list.flatMap((id) => byId.get(id) ?? []);
  });
}

function toImported(file: ProfileFile): ImportedFile {
  const { kind, id, name, description, os, osrelease, version, type, size, sha256 } = file;
  return { kind, id, name, description, os, osrelease, version, type, size, sha256 };
}

function checkFile(file: ProfileFile, family: string): void {
  const type = fileOptions.find(({ kind }) => kind === file.kind)?.imageType;
  const named = JSON.stringify(file.name);
  if (!isFileId(file.id)) throw refused(`the id of ${named} is none`);
  if (type === undefined || file.type !== type) throw refused(`the type of ${named} is not that of its kind`);
  if (file.os !== '' && familyOf(file.os) !== family)
    throw refused(`${named} is for another operating system`);
  try {
    checkFileName(type, file.name, file.os);
  } catch (error) {
    throw refused(error instanceof Error ? error.message.replace(/\.$/, '') : named, error);
  }
  checkText(`the description of ${named}`, file.description, 2000);
  checkText(`the version of ${named}`, file.version, 2000);
  checkText(`the os of ${named}`, file.os, 100, /[\p{Cc}]/u);
  checkText(`the osrelease of ${named}`, file.osrelease, 100, /[\p{Cc}]/u);
  if (file.size === 0) throw refused(`${named} is empty`);
  if ((type === 'CONFIG' || type === 'UNATTEND') && file.size > maxTextSize)
    throw refused(`${named} is larger than ${maxTextSize} bytes`);
}

function checkPredefined(file: ProfileFile): void {
  const named = JSON.stringify(file.name);
  try {
    checkPlainName(file.name);
  } catch (error) {
    throw refused(error instanceof Error ? error.message.replace(/\.$/, '') : named, error);
  }
  if (file.size > maxTextSize) throw refused(`${named} is larger than ${maxTextSize} bytes`);
  // Rows of these have a name and content only; anything else would be lost on the way.
  if (
    [file.id, file.description, file.os, file.osrelease, file.version, file.type].some((text) => text !== '')
  )
    throw refused(`the predefined file ${named} is described like one of a user`);
}

/** Windows and macOS would unpack the one over the other. */
function refuseLikeNames(files: Metadata['files']): void {
  const seen = new Map<string, string>();
  for (const { path } of files) {
    const folded = path.normalize('NFC').toLowerCase();
    const earlier = seen.get(folded);
    if (earlier !== undefined && earlier !== path)
      throw refused(`${JSON.stringify(path)} and ${JSON.stringify(earlier)} differ only in case or form`);
    seen.set(folded, path);
  }
}

/** What PostgreSQL cannot keep, or would keep otherwise, would not come out of an export again. */
function checkText(what: string, text: string, most: number, forbidden = /\0/): void {
  if (text.length > most) throw refused(`${what} is longer than ${most} characters`);
  if (!text.isWellFormed() || text.includes('\0') || forbidden.test(text))
    throw refused(`${what} holds characters it cannot have`);
}

function refused(detail: string, cause?: unknown): Problem {
  return new Problem('archive_refused', { detail }, { cause });
}
