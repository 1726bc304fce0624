// Original file: ../../proto/osimage/packaging/v1/packaging.proto


export interface TestConnectionRequest {
  'serverId'?: (string);
}

export interface TestConnectionRequest__Output {
  'serverId': (string);
}
