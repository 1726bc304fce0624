/** What a test of a connection has found so far: one finding for each thing that must be right, in this order. */
import type { ErrorCode, Problem } from '@osimage/errors';

const subjects = ['address', 'hostKey', 'login', 'folder', 'space'] as const;
export type Subject = (typeof subjects)[number] | 'pendingKey';

export interface Finding {
  readonly subject: Subject;
  /** `unknown`: it could not be tested, or the server does not tell. */
  readonly outcome: 'right' | 'wrong' | 'unknown';
  readonly text: string;
  /** What is wrong. */
  readonly problem?: Problem;
}

/** Where a failure belongs whenever it comes; the rest belongs to what was being looked at. */
const belongsTo: Partial<Record<ErrorCode, Subject>> = {
  host_unreachable: 'address',
  name_not_resolved: 'address',
  address_not_allowed: 'address',
  host_key_changed: 'hostKey',
  host_key_revoked: 'hostKey',
  host_key_unknown: 'hostKey',
  known_hosts_unreadable: 'hostKey',
  tls_failed: 'hostKey',
  certificate_refused: 'hostKey',
  login_refused: 'login',
  key_refused: 'login',
  secret_unreadable: 'login',
  sftp_not_offered: 'login',
};
const beforeConnecting: ReadonlySet<ErrorCode> = new Set(['known_hosts_unreadable', 'secret_unreadable']);

export class Findings {
  readonly #found = new Map<Subject, Finding>();

  right(subject: Subject, text: string): void {
    this.#found.set(subject, { subject, outcome: 'right', text });
  }

  unknown(subject: Subject, text: string): void {
    this.#found.set(subject, { subject, outcome: 'unknown', text });
  }

  wrong(subject: Subject, problem: Problem): void {
    this.#found.set(subject, { subject, outcome: 'wrong', text: problem.message, problem });
  }

  /** What ended the test: wrong is what it belongs to; what comes before that must have been right to get so far. */
  end(problem: Problem): void {
    const next = subjects.find((subject) => !this.#found.has(subject)) ?? 'space';
    // Algorithms are agreed on before the host key is shown, those of the login after it.
    const algorithm = this.#found.has('address') ? 'login' : 'hostKey';
    const subject = problem.code === 'no_safe_algorithm' ? algorithm : (belongsTo[problem.code] ?? next);
    if (!beforeConnecting.has(problem.code))
      for (const before of subjects.slice(0, Math.max(0, subjects.indexOf(subject as typeof next))))
        if (!this.#found.has(before)) this.right(before, 'The test got past this.');
    this.wrong(subject, problem);
  }

  /** All of them; what was not reached is unknown. */
  all(): Finding[] {
    for (const subject of subjects)
      if (!this.#found.has(subject)) this.unknown(subject, 'Not tested: the test ended before.');
    const order: readonly Subject[] = [...subjects, 'pendingKey'];
    return order.flatMap((subject) => this.#found.get(subject) ?? []);
  }
}
