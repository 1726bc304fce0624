// Original file: ../../proto/osimage/packaging/v1/packaging.proto

export const OnConflict = {
  ON_CONFLICT_UNSPECIFIED: 'ON_CONFLICT_UNSPECIFIED',
  ON_CONFLICT_FAIL: 'ON_CONFLICT_FAIL',
  ON_CONFLICT_REPLACE: 'ON_CONFLICT_REPLACE',
  ON_CONFLICT_RENAME: 'ON_CONFLICT_RENAME',
} as const;

export type OnConflict =
  | 'ON_CONFLICT_UNSPECIFIED'
  | 0
  | 'ON_CONFLICT_FAIL'
  | 1
  | 'ON_CONFLICT_REPLACE'
  | 2
  | 'ON_CONFLICT_RENAME'
  | 3

export type OnConflict__Output = typeof OnConflict[keyof typeof OnConflict]
