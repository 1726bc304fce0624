// Original file: ../../proto/osimage/packaging/v1/packaging.proto

import type { ConnectionFinding as _osimage_packaging_v1_ConnectionFinding, ConnectionFinding__Output as _osimage_packaging_v1_ConnectionFinding__Output } from '../../../osimage/packaging/v1/ConnectionFinding.ts';

export interface TestConnectionResponse {
  'findings'?: (_osimage_packaging_v1_ConnectionFinding)[];
  'keyPromoted'?: (boolean);
}

export interface TestConnectionResponse__Output {
  'findings': (_osimage_packaging_v1_ConnectionFinding__Output)[];
  'keyPromoted': (boolean);
}
