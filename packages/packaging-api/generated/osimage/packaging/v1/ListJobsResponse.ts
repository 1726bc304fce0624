// Original file: ../../proto/osimage/packaging/v1/packaging.proto

import type { Job as _osimage_packaging_v1_Job, Job__Output as _osimage_packaging_v1_Job__Output } from '../../../osimage/packaging/v1/Job.ts';

export interface ListJobsResponse {
  'jobs'?: (_osimage_packaging_v1_Job)[];
  'nextPageToken'?: (string);
}

export interface ListJobsResponse__Output {
  'jobs': (_osimage_packaging_v1_Job__Output)[];
  'nextPageToken': (string);
}
