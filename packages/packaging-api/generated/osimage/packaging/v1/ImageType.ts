// Original file: ../../proto/osimage/packaging/v1/packaging.proto

export const ImageType = {
  IMAGE_TYPE_UNSPECIFIED: 'IMAGE_TYPE_UNSPECIFIED',
  IMAGE_TYPE_OS: 'IMAGE_TYPE_OS',
  IMAGE_TYPE_BOOT: 'IMAGE_TYPE_BOOT',
  IMAGE_TYPE_DUD: 'IMAGE_TYPE_DUD',
  IMAGE_TYPE_SCRIPT: 'IMAGE_TYPE_SCRIPT',
  IMAGE_TYPE_SOFTWARE: 'IMAGE_TYPE_SOFTWARE',
  IMAGE_TYPE_UNATTEND: 'IMAGE_TYPE_UNATTEND',
  IMAGE_TYPE_CONFIG: 'IMAGE_TYPE_CONFIG',
} as const;

export type ImageType =
  | 'IMAGE_TYPE_UNSPECIFIED'
  | 0
  | 'IMAGE_TYPE_OS'
  | 1
  | 'IMAGE_TYPE_BOOT'
  | 2
  | 'IMAGE_TYPE_DUD'
  | 3
  | 'IMAGE_TYPE_SCRIPT'
  | 4
  | 'IMAGE_TYPE_SOFTWARE'
  | 5
  | 'IMAGE_TYPE_UNATTEND'
  | 6
  | 'IMAGE_TYPE_CONFIG'
  | 7

export type ImageType__Output = typeof ImageType[keyof typeof ImageType]
