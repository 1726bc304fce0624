/** The licence to export, where the operator asks for one (setting LICENSE_VALID_UNTIL). */
import { Problem } from '@osimage/errors';
import { isLicenceOver, licenceWarning, type Settings } from '@osimage/settings';
import type { Logger } from '@osimage/telemetry';

type LicenceSettings = Pick<Settings, 'LICENSE_VALID_UNTIL'>;

const dayMs = 86_400_000;

/**
 * Throws Problem licence_expired once the licence is over. The packager does the same for its callers: it is asked in
 * both places so that a setting that reached only one of them counts.
 */
export function requireLicence({ LICENSE_VALID_UNTIL: end }: LicenceSettings): void {
  if (end && isLicenceOver(end)) throw new Problem('licence_expired', { since: end.toISOString() });
}

/** Warns in the log now and once a day, from 30 days ahead of the end. Gives what ends it. */
export function watchLicence({ LICENSE_VALID_UNTIL: end }: LicenceSettings, log: Logger): () => void {
  if (!end) return () => {};
  const look = () => {
    const warning = licenceWarning(end);
    if (warning) log.warn({ licenceEnd: end.toISOString() }, warning);
  };
  look();
  const timer = setInterval(look, dayMs);
  return () => clearInterval(timer);
}
