/** What the routes of a request tell its entry in the audit trail. */
import type { Problem } from '@osimage/errors';

/** What a request's entry will say beyond what the request itself tells; routes may add to it. */
export interface AuditNotes {
  /** Instead of the route's word. */
  action?: string;
  /** Ids of what was made or concerned. */
  objects: string[];
  /** The job that was made. */
  jobId?: string;
  /** A sentence more; never a secret. */
  detail?: string;
  /** Why the request failed. */
  problem?: Problem;
  recorded?: true;
}
