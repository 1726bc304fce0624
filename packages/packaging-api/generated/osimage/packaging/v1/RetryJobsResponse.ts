// Original file: ../../proto/osimage/packaging/v1/packaging.proto

import type { Job as _osimage_packaging_v1_Job, Job__Output as _osimage_packaging_v1_Job__Output } from '../../../osimage/packaging/v1/Job.ts';

export interface RetryJobsResponse {
  'jobs'?: (_osimage_packaging_v1_Job)[];
}

export interface RetryJobsResponse__Output {
  'jobs': (_osimage_packaging_v1_Job__Output)[];
}
