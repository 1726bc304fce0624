// Original file: ../../proto/osimage/packaging/v1/packaging.proto


export interface CreateImportResponse {
  'jobId'?: (string);
  'stagingPath'?: (string);
}

export interface CreateImportResponse__Output {
  'jobId': (string);
  'stagingPath': (string);
}
