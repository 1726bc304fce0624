// Original file: ../../proto/osimage/packaging/v1/packaging.proto


export interface GetJobRequest {
  'id'?: (string);
}

export interface GetJobRequest__Output {
  'id': (string);
}
