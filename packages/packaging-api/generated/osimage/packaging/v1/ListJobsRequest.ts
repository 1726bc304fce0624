// Original file: ../../proto/osimage/packaging/v1/packaging.proto

import type { JobState as _osimage_packaging_v1_JobState, JobState__Output as _osimage_packaging_v1_JobState__Output } from '../../../osimage/packaging/v1/JobState.ts';
import type { JobKind as _osimage_packaging_v1_JobKind, JobKind__Output as _osimage_packaging_v1_JobKind__Output } from '../../../osimage/packaging/v1/JobKind.ts';

export interface ListJobsRequest {
  'pageSize'?: (number);
  'pageToken'?: (string);
  'states'?: (_osimage_packaging_v1_JobState)[];
  'kinds'?: (_osimage_packaging_v1_JobKind)[];
}

export interface ListJobsRequest__Output {
  'pageSize': (number);
  'pageToken': (string);
  'states': (_osimage_packaging_v1_JobState__Output)[];
  'kinds': (_osimage_packaging_v1_JobKind__Output)[];
}
