// Original file: ../../proto/osimage/packaging/v1/packaging.proto


export interface RenewImportResponse {
  'wanted'?: (boolean);
}

export interface RenewImportResponse__Output {
  'wanted': (boolean);
}
