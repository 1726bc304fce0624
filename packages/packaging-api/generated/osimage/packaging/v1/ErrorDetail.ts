// Original file: ../../proto/osimage/packaging/v1/packaging.proto


export interface ErrorDetail {
  'code'?: (string);
  'messageId'?: (string);
  'text'?: (string);
  'recovery'?: (string);
}

export interface ErrorDetail__Output {
  'code': (string);
  'messageId': (string);
  'text': (string);
  'recovery': (string);
}
