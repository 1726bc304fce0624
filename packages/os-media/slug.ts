/** Ids made of names (contract, section 4): `[A-Za-z0-9._|-]{1,200}`. */
import { Problem } from '@osimage/errors';

/** Longest id of a base image, so that the ids of its profiles, which hold it twice, fit 200 characters. */
const maxImageId = 48;
const maxArch = 16;
const maxProfilePart = 70;
const maxFilePart = 175;
const maxId = 200;

// Paths of their own below /osImages: an image of such an id could not be reached.
const reserved = new Set(['remotefileservers', 'globalsettings', 'connection']);

/** `name` with every character an id cannot have replaced by '-', its end kept when it is too long. */
export function idPart(name: string, maxLength = maxFilePart): string {
  const slug = name.replaceAll(/[^A-Za-z0-9._-]/gu, '-') || '-';
  if (slug.length <= maxLength) return slug;
  // The end tells the kind of file, so the middle goes.
  const end = slug.slice(-12);
  return slug.slice(0, maxLength - end.length) + end;
}

/**
 * The id of a base image named `osrelease`. Throws Problem invalid_request when nothing usable is left of it
 * or it is longer than 48 characters.
 */
export function imageId(osrelease: string): string {
  const slug = idPart(osrelease.trim(), Number.POSITIVE_INFINITY).replace(/^[.-]+/, '');
  const detail =
    slug.length > maxImageId
      ? `osrelease may have at most ${maxImageId} characters.`
      : slug === '' || reserved.has(slug.toLowerCase())
        ? 'This osrelease cannot be used as the id of an image.'
        : undefined;
  if (detail) throw new Problem('invalid_request', { detail });
  return slug;
}

/** Name of a profile as it is in ids, `<image>-<arch>-install-<kind>`. */
export function profileName(image: string, arch: string, kind: string): string {
  return `${image}-${idPart(arch, maxArch)}-install-${idPart(kind, maxProfilePart)}`;
}

/** Id of a profile: `<image>|<image>-<arch>-install-<name>`; from the second try on with -2, -3, … */
export function customProfileId(image: string, arch: string, name: string, attempt = 1): string {
  return `${image}|${profileName(image, arch, name)}${suffix(attempt)}`;
}

/** Id of an uploaded file: `YYYYMMDDhhmmss_<name>` in UTC; from the second try on with -2, -3, … */
export function uploadedFileId(date: Date, name: string, attempt = 1): string {
  const stamp = date.toISOString().replaceAll(/\D/g, '').slice(0, 14);
  return `${stamp}_${idPart(name)}${suffix(attempt)}`;
}

function suffix(attempt: number): string {
  return attempt === 1 ? '' : `-${attempt}`;
}

/** The contract's ids of images, profiles, files and archives (section 4). */
const objectId = /^[A-Za-z0-9._|-]{1,200}$/;

/** Whether `id` can be that of a customized profile of this image: `<image>|<image>-<arch>-install-<name>`. */
export function isProfileId(id: string, image: string, arch: string): boolean {
  const start = customProfileId(image, arch, '').slice(0, -1);
  return (
    objectId.test(id) &&
    id.startsWith(start) &&
    id.length > start.length &&
    !id.includes('|', image.length + 1)
  );
}

/** Whether `id` can be that of an imported file: only a profile's has a bar, and some are paths of their own. */
export function isFileId(id: string): boolean {
  return objectId.test(id) && !id.includes('|') && !reserved.has(id.toLowerCase());
}

/** Whether `id` can be that of a base image. */
export function isImageId(id: string): boolean {
  return isFileId(id) && id.length <= maxImageId && !/^[.-]/.test(id);
}

/** `id` with a number behind it, its end cut where it would be too long. */
export function numberedId(id: string, number: number): string {
  const end = suffix(number);
  return id.length + end.length <= maxId ? `${id}${end}` : `${id.slice(0, maxId - end.length)}${end}`;
}
