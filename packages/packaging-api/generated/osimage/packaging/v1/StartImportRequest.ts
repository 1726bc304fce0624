// Original file: ../../proto/osimage/packaging/v1/packaging.proto

import type { ImageType as _osimage_packaging_v1_ImageType, ImageType__Output as _osimage_packaging_v1_ImageType__Output } from '../../../osimage/packaging/v1/ImageType.ts';
import type { OnConflict as _osimage_packaging_v1_OnConflict, OnConflict__Output as _osimage_packaging_v1_OnConflict__Output } from '../../../osimage/packaging/v1/OnConflict.ts';
import type { Long } from '@grpc/proto-loader';

export interface StartImportRequest {
  'jobId'?: (string);
  'imageType'?: (_osimage_packaging_v1_ImageType);
  'name'?: (string);
  'os'?: (string);
  'osrelease'?: (string);
  'description'?: (string);
  'size'?: (number | string | Long);
  'serverId'?: (string);
  'path'?: (string);
  'onConflict'?: (_osimage_packaging_v1_OnConflict);
  'check'?: (boolean);
}

export interface StartImportRequest__Output {
  'jobId': (string);
  'imageType': (_osimage_packaging_v1_ImageType__Output);
  'name': (string);
  'os': (string);
  'osrelease': (string);
  'description': (string);
  'size': (number);
  'serverId': (string);
  'path': (string);
  'onConflict': (_osimage_packaging_v1_OnConflict__Output);
  'check': (boolean);
}
