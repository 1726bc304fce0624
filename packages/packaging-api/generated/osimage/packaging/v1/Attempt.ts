// Original file: ../../proto/osimage/packaging/v1/packaging.proto

import type { Timestamp as _google_protobuf_Timestamp, Timestamp__Output as _google_protobuf_Timestamp__Output } from '../../../google/protobuf/Timestamp.ts';
import type { ErrorDetail as _osimage_packaging_v1_ErrorDetail, ErrorDetail__Output as _osimage_packaging_v1_ErrorDetail__Output } from '../../../osimage/packaging/v1/ErrorDetail.ts';

export interface Attempt {
  'number'?: (number);
  'worker'?: (string);
  'started'?: (_google_protobuf_Timestamp | null);
  'ended'?: (_google_protobuf_Timestamp | null);
  'error'?: (_osimage_packaging_v1_ErrorDetail | null);
}

export interface Attempt__Output {
  'number': (number);
  'worker': (string);
  'started': (_google_protobuf_Timestamp__Output | null);
  'ended': (_google_protobuf_Timestamp__Output | null);
  'error': (_osimage_packaging_v1_ErrorDetail__Output | null);
}
