/** What an installation allows its store. */
import type { RetentionRule } from '@osimage/database';

export interface StoreLimits {
  /** Bytes blobs, archives and uploads may take together; undefined: as much as the disk has. */
  readonly quotaBytes?: number;
  /** Bytes of the disk that stay free for others, the database first of all. */
  readonly reserveBytes: number;
  readonly retention: RetentionRule;
}

export const unlimited: StoreLimits = { reserveBytes: 0, retention: {} };

/** The settings that are about space. */
interface SpaceSettings {
  readonly STORE_QUOTA_BYTES: number | undefined;
  readonly STORE_RESERVE_BYTES: number;
  readonly RETAIN_ARCHIVES_DAYS: number | undefined;
  readonly RETAIN_ARCHIVES_BYTES: number | undefined;
  readonly RETAIN_ARCHIVES_PER_PROFILE: number | undefined;
}

/** The limits an installation's settings make. */
export function storeLimits(settings: SpaceSettings): StoreLimits {
  const quotaBytes = settings.STORE_QUOTA_BYTES;
  const days = settings.RETAIN_ARCHIVES_DAYS;
  const bytes = settings.RETAIN_ARCHIVES_BYTES;
  const perProfile = settings.RETAIN_ARCHIVES_PER_PROFILE;
  return {
    ...(quotaBytes !== undefined && { quotaBytes }),
    reserveBytes: settings.STORE_RESERVE_BYTES,
    retention: {
      ...(days !== undefined && { days }),
      ...(bytes !== undefined && { bytes }),
      ...(perProfile !== undefined && { perProfile }),
    },
  };
}
