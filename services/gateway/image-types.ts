/** The image types of imports, as callers write them (contract, section 5.1). */
import { Problem } from '@osimage/errors';
import { ImageType } from '@osimage/packaging-api';

const importable: Readonly<Record<string, ImageType>> = {
  OS: ImageType.IMAGE_TYPE_OS,
  BOOT: ImageType.IMAGE_TYPE_BOOT,
  DUD: ImageType.IMAGE_TYPE_DUD,
  SCRIPT: ImageType.IMAGE_TYPE_SCRIPT,
  SOFTWARE: ImageType.IMAGE_TYPE_SOFTWARE,
  UNATTEND: ImageType.IMAGE_TYPE_UNATTEND,
  CONFIG: ImageType.IMAGE_TYPE_CONFIG,
  // pylxca's word for CONFIG (contract, C-14).
  CUSTOM_CONFIG: ImageType.IMAGE_TYPE_CONFIG,
  OSPROFILE: ImageType.IMAGE_TYPE_OSPROFILE,
  BUNDLE: ImageType.IMAGE_TYPE_BUNDLE,
  BUNDLESIG: ImageType.IMAGE_TYPE_BUNDLESIG,
};

/** Gives the type; OS when there is none. Throws Problem invalid_request. */
export function readImageType(given = 'OS'): ImageType {
  const type = Object.hasOwn(importable, given) ? importable[given] : undefined;
  if (type !== undefined) return type;
  const known = Object.keys(importable).join(', ');
  throw new Problem('invalid_request', { detail: `The imageType must be one of ${known}.` });
}

/** The type in the contract's spelling, as jobs and files show it. */
export function imageTypeName(type: ImageType): string {
  return String(type).replace('IMAGE_TYPE_', '');
}
