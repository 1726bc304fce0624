/** The licence to export, where the operator asks for one (setting LICENSE_VALID_UNTIL). */
import { Problem } from '@osimage/errors';
import { isLicenceOver, type Settings } from '@osimage/settings';

/** Throws Problem licence_expired once the licence is over. Jobs accepted before still finish. */
export function requireLicence({ LICENSE_VALID_UNTIL: end }: Pick<Settings, 'LICENSE_VALID_UNTIL'>): void {
  if (end && isLicenceOver(end)) throw new Problem('licence_expired', { since: end.toISOString() });
}
