// Original file: ../../proto/osimage/packaging/v1/packaging.proto

import type { Long } from '@grpc/proto-loader';

export interface RenewImportRequest {
  'jobId'?: (string);
  'bytesReceived'?: (number | string | Long);
}

export interface RenewImportRequest__Output {
  'jobId': (string);
  'bytesReceived': (number);
}
