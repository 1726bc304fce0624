// Original file: ../../proto/osimage/packaging/v1/packaging.proto


export interface StartExportResponse {
  'jobId'?: (string);
  'filename'?: (string);
  'remarks'?: (string)[];
}

export interface StartExportResponse__Output {
  'jobId': (string);
  'filename': (string);
  'remarks': (string)[];
}
