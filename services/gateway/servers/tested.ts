/** What a test of a connection found, as answers and the audit trail show it. */
import type { PackagingClient } from '@osimage/packaging-api';

type Tested = Awaited<ReturnType<PackagingClient['testConnection']>>;

/** `passed`: nothing is wrong; what is unknown does not count. */
export function shownTest({ findings, keyPromoted }: Tested) {
  const checks = findings.map(({ subject, outcome, text, code, messageId, recovery }) => ({
    subject,
    outcome: outcome.replace('FINDING_OUTCOME_', '').toLowerCase(),
    text,
    code,
    id: messageId,
    recovery,
  }));
  return { passed: checks.every(({ outcome }) => outcome !== 'wrong'), keyPromoted, checks };
}

/** For the audit trail. */
export function outcomeOf({ passed, checks }: ReturnType<typeof shownTest>): string {
  if (passed) return 'connection test: all right';
  const wrong = checks.filter(({ outcome }) => outcome === 'wrong');
  return `connection test: ${wrong.map(({ subject, text }) => `${subject}: ${text}`).join(' ')}`;
}
