export { familyOf, type OsFamily, type SupportedImage, supportedImages } from './families.ts';
export { allowedExtensions, checkFileName } from './file-types.ts';
export { identifyMedia, type MediaHint, type MediaIdentity } from './identify.ts';
export {
  type CustomizationOptions,
  customizationOptions,
  type FileImageType,
  type FileKind,
  type FileOption,
  fileOptions,
  locationOption,
  type OptionName,
  supportedOptions,
} from './options.ts';
export { type PredefinedProfile, predefinedProfiles, type UnattendFile } from './profiles.ts';
export { customProfileId, idPart, uploadedFileId } from './slug.ts';
export { checkContent } from './sniff.ts';
