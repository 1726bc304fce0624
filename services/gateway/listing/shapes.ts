/** How the things of GET /osImages look (contract, section 4). */
import type { ArchiveRow, FileRow, ListedImage, ListedProfile } from '@osimage/database';
import { customizationOptions } from '@osimage/os-media';
import { changeTag } from '../changes/preconditions.ts';

/** An image without its profiles. */
export function shownImage(image: ListedImage) {
  return {
    id: image.image_id,
    name: image.image_name,
    description: image.image_description,
    type: image.family,
    os: image.os,
    osrelease: image.osrelease,
    osBuildId: image.build_id,
    arch: image.arch,
    size: image.image_size,
    // Present in the contract with a meaning nobody knows: nothing is deployed from here.
    deployStatus: '',
  };
}

/** A predefined profile has nothing customized: null (contract, section 4). */
export function shownProfile(profile: ListedProfile, image: ListedImage) {
  return {
    id: profile.id,
    name: profile.name,
    description: profile.description,
    type: profile.kind,
    customizationOptions:
      profile.kind === 'predefined'
        ? null
        : customizationOptions(image.family, profile.files, profile.location),
    modified: profile.modified_at.toISOString(),
    modifiedBy: profile.modified_by,
    // For If-Match of a change: nothing answers a GET of one profile, which is an export.
    etag: changeTag(profile),
  };
}

export function shownFile(file: FileRow) {
  const { id, name, description, os, osrelease, version, type, size } = file;
  return {
    id,
    name,
    description,
    os,
    osrelease,
    type,
    size,
    version,
    ...(file.kind === 'boot' && { bundleId: '' }),
    ...(file.kind === 'config' && { associatedFileId: file.associated_id ?? '' }),
    modified: file.modified_at.toISOString(),
    modifiedBy: file.modified_by,
    etag: changeTag(file),
  };
}

export function shownArchive(archive: ArchiveRow) {
  return {
    id: archive.id,
    name: archive.id,
    size: archive.size,
    sha256: archive.sha256,
    profileId: archive.profile_id,
    jobUID: archive.job_id ?? '',
    created: archive.created_at.toISOString(),
    // An addition: no retention rule removes it.
    protected: archive.protected,
  };
}
