// Original file: ../../proto/osimage/packaging/v1/packaging.proto


export interface CancelJobsRequest {
  'ids'?: (string)[];
}

export interface CancelJobsRequest__Output {
  'ids': (string)[];
}
