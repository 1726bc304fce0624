// Original file: ../../proto/osimage/packaging/v1/packaging.proto

export const FindingOutcome = {
  FINDING_OUTCOME_UNSPECIFIED: 'FINDING_OUTCOME_UNSPECIFIED',
  FINDING_OUTCOME_RIGHT: 'FINDING_OUTCOME_RIGHT',
  FINDING_OUTCOME_WRONG: 'FINDING_OUTCOME_WRONG',
  FINDING_OUTCOME_UNKNOWN: 'FINDING_OUTCOME_UNKNOWN',
} as const;

export type FindingOutcome =
  | 'FINDING_OUTCOME_UNSPECIFIED'
  | 0
  | 'FINDING_OUTCOME_RIGHT'
  | 1
  | 'FINDING_OUTCOME_WRONG'
  | 2
  | 'FINDING_OUTCOME_UNKNOWN'
  | 3

export type FindingOutcome__Output = typeof FindingOutcome[keyof typeof FindingOutcome]
