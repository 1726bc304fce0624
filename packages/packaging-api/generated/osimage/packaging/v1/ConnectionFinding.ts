// Original file: ../../proto/osimage/packaging/v1/packaging.proto

import type { FindingOutcome as _osimage_packaging_v1_FindingOutcome, FindingOutcome__Output as _osimage_packaging_v1_FindingOutcome__Output } from '../../../osimage/packaging/v1/FindingOutcome.ts';

export interface ConnectionFinding {
  'subject'?: (string);
  'outcome'?: (_osimage_packaging_v1_FindingOutcome);
  'text'?: (string);
  'code'?: (string);
  'messageId'?: (string);
  'recovery'?: (string);
}

export interface ConnectionFinding__Output {
  'subject': (string);
  'outcome': (_osimage_packaging_v1_FindingOutcome__Output);
  'text': (string);
  'code': (string);
  'messageId': (string);
  'recovery': (string);
}
