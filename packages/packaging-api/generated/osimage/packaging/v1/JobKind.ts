// Original file: ../../proto/osimage/packaging/v1/packaging.proto

export const JobKind = {
  JOB_KIND_UNSPECIFIED: 'JOB_KIND_UNSPECIFIED',
  JOB_KIND_EXPORT: 'JOB_KIND_EXPORT',
  JOB_KIND_IMPORT: 'JOB_KIND_IMPORT',
  JOB_KIND_PURGE: 'JOB_KIND_PURGE',
} as const;

export type JobKind =
  | 'JOB_KIND_UNSPECIFIED'
  | 0
  | 'JOB_KIND_EXPORT'
  | 1
  | 'JOB_KIND_IMPORT'
  | 2
  | 'JOB_KIND_PURGE'
  | 3

export type JobKind__Output = typeof JobKind[keyof typeof JobKind]
