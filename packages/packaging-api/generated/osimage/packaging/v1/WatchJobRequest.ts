// Original file: ../../proto/osimage/packaging/v1/packaging.proto


export interface WatchJobRequest {
  'id'?: (string);
}

export interface WatchJobRequest__Output {
  'id': (string);
}
