// Original file: ../../proto/osimage/packaging/v1/packaging.proto

import type { ImageType as _osimage_packaging_v1_ImageType, ImageType__Output as _osimage_packaging_v1_ImageType__Output } from '../../../osimage/packaging/v1/ImageType.ts';
import type { Long } from '@grpc/proto-loader';

export interface CreateImportRequest {
  'imageType'?: (_osimage_packaging_v1_ImageType);
  'fileSize'?: (number | string | Long);
  'byContent'?: (boolean);
}

export interface CreateImportRequest__Output {
  'imageType': (_osimage_packaging_v1_ImageType__Output);
  'fileSize': (number);
  'byContent': (boolean);
}
