// Original file: ../../proto/osimage/packaging/v1/packaging.proto

import type { Job as _osimage_packaging_v1_Job, Job__Output as _osimage_packaging_v1_Job__Output } from '../../../osimage/packaging/v1/Job.ts';

export interface WatchJobResponse {
  'job'?: (_osimage_packaging_v1_Job | null);
}

export interface WatchJobResponse__Output {
  'job': (_osimage_packaging_v1_Job__Output | null);
}
