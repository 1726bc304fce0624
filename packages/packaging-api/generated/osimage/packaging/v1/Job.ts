// Original file: ../../proto/osimage/packaging/v1/packaging.proto

import type { JobKind as _osimage_packaging_v1_JobKind, JobKind__Output as _osimage_packaging_v1_JobKind__Output } from '../../../osimage/packaging/v1/JobKind.ts';
import type { JobState as _osimage_packaging_v1_JobState, JobState__Output as _osimage_packaging_v1_JobState__Output } from '../../../osimage/packaging/v1/JobState.ts';
import type { Timestamp as _google_protobuf_Timestamp, Timestamp__Output as _google_protobuf_Timestamp__Output } from '../../../google/protobuf/Timestamp.ts';
import type { ErrorDetail as _osimage_packaging_v1_ErrorDetail, ErrorDetail__Output as _osimage_packaging_v1_ErrorDetail__Output } from '../../../osimage/packaging/v1/ErrorDetail.ts';
import type { Attempt as _osimage_packaging_v1_Attempt, Attempt__Output as _osimage_packaging_v1_Attempt__Output } from '../../../osimage/packaging/v1/Attempt.ts';
import type { Long } from '@grpc/proto-loader';

export interface Job {
  'id'?: (string);
  'kind'?: (_osimage_packaging_v1_JobKind);
  'state'?: (_osimage_packaging_v1_JobState);
  'title'?: (string);
  'createdBy'?: (string);
  'created'?: (_google_protobuf_Timestamp | null);
  'started'?: (_google_protobuf_Timestamp | null);
  'ended'?: (_google_protobuf_Timestamp | null);
  'step'?: (string);
  'bytesDone'?: (number | string | Long);
  'bytesTotal'?: (number | string | Long);
  'percent'?: (number | string);
  'error'?: (_osimage_packaging_v1_ErrorDetail | null);
  'attempts'?: (_osimage_packaging_v1_Attempt)[];
  'profileId'?: (string);
  'serverId'?: (string);
  'filename'?: (string);
  'finalPath'?: (string);
  'size'?: (number | string | Long);
  'sha256'?: (string);
  'objectId'?: (string);
  'retriedAs'?: (string);
  'notes'?: (string)[];
}

export interface Job__Output {
  'id': (string);
  'kind': (_osimage_packaging_v1_JobKind__Output);
  'state': (_osimage_packaging_v1_JobState__Output);
  'title': (string);
  'createdBy': (string);
  'created': (_google_protobuf_Timestamp__Output | null);
  'started': (_google_protobuf_Timestamp__Output | null);
  'ended': (_google_protobuf_Timestamp__Output | null);
  'step': (string);
  'bytesDone': (number);
  'bytesTotal': (number);
  'percent': (number);
  'error': (_osimage_packaging_v1_ErrorDetail__Output | null);
  'attempts': (_osimage_packaging_v1_Attempt__Output)[];
  'profileId': (string);
  'serverId': (string);
  'filename': (string);
  'finalPath': (string);
  'size': (number);
  'sha256': (string);
  'objectId': (string);
  'retriedAs': (string);
  'notes': (string)[];
}
