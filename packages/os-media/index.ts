export { familyOf, type OsFamily, type SupportedImage, supportedImages } from './families.ts';
export { allowedExtensions, checkFileName, checkPlainName } from './file-types.ts';
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
  type StoredKind,
  supportedOptions,
} from './options.ts';
export { type PredefinedProfile, predefinedProfiles, type UnattendFile } from './profiles.ts';
export {
  customProfileId,
  idPart,
  isFileId,
  isImageId,
  isProfileId,
  numberedId,
  uploadedFileId,
} from './slug.ts';
export { checkContent } from './sniff.ts';
export { maxTextSize } from './sniff-text.ts';
