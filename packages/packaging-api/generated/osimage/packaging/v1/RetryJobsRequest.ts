// Original file: ../../proto/osimage/packaging/v1/packaging.proto


export interface RetryJobsRequest {
  'ids'?: (string)[];
}

export interface RetryJobsRequest__Output {
  'ids': (string)[];
}
