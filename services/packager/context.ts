/** What every part of a packager works with. */
import type { BlobStore } from '@osimage/blob-store';
import type { AuditTrail, Database } from '@osimage/database';
import type { AddressRules } from '@osimage/outbound';
import type { KeyRing } from '@osimage/secrets';
import type { Settings } from '@osimage/settings';
import type { Logger } from '@osimage/telemetry';
import type { Queue } from './jobs/queue.ts';
import type { PackagerMetrics } from './metrics/metrics.ts';

export interface PackagerContext {
  readonly settings: Settings;
  readonly db: Database;
  readonly queue: Queue;
  readonly store: BlobStore;
  readonly secrets: KeyRing;
  /** Where jobs may connect to. */
  readonly addresses: AddressRules;
  readonly log: Logger;
  readonly audit: AuditTrail;
  readonly metrics: PackagerMetrics;
  /** Name of this process in jobs and logs. */
  readonly worker: string;
}
