// Original file: ../../proto/osimage/packaging/v1/packaging.proto


export interface DeleteJobsRequest {
  'ids'?: (string)[];
}

export interface DeleteJobsRequest__Output {
  'ids': (string)[];
}
