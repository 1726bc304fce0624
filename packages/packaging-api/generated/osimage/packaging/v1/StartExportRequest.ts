// Original file: ../../proto/osimage/packaging/v1/packaging.proto


export interface StartExportRequest {
  'profileId'?: (string);
  'serverId'?: (string);
  'path'?: (string);
  'idempotencyKey'?: (string);
}

export interface StartExportRequest__Output {
  'profileId': (string);
  'serverId': (string);
  'path': (string);
  'idempotencyKey': (string);
}
