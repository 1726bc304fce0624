/** A finding of a connection test as the control API tells it. */
import type { Finding } from '../connection-test/findings.ts';

const outcomes = {
  right: 'FINDING_OUTCOME_RIGHT',
  wrong: 'FINDING_OUTCOME_WRONG',
  unknown: 'FINDING_OUTCOME_UNKNOWN',
} as const;

export function toFindingMessage({ subject, outcome, text, problem }: Finding) {
  const { code = '', id = '', recovery = '' } = problem?.toJSON() ?? {};
  return { subject, outcome: outcomes[outcome], text, code, messageId: id, recovery };
}
