/** When the licence to export ends, and when people should hear of it. */

const dayMs = 86_400_000;
const warnDays = 30;

/**
 * Reads LICENSE_VALID_UNTIL: `2026-12-31` lasts to the end of that day in UTC, `2026-12-31T18:00:00Z` to that instant.
 * Gives the first instant without a licence; throws an Error that says what is wrong.
 */
export function readLicenceEnd(text: string): Date {
  const match = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/.exec(text);
  const end = match ? new Date(match[2] ? text : `${text}T00:00:00Z`) : new Date(Number.NaN);
  const dayExists = match && new Date(`${match[1]}T00:00:00Z`).toJSON()?.startsWith(match[1]!);
  if (!dayExists || Number.isNaN(end.getTime()))
    throw new Error(
      'must be a date (2026-12-31, to the end of that day in UTC) or a time with its zone (2026-12-31T18:00:00Z)',
    );
  return match[2] ? end : new Date(end.getTime() + dayMs);
}

/** Whether there is no licence any more; never without an end. */
export function isLicenceOver(end: Date | undefined, now = new Date()): boolean {
  return end !== undefined && now >= end;
}

/** What to tell people 30 days ahead of the end and after it; otherwise undefined. */
export function licenceWarning(end: Date, now = new Date()): string | undefined {
  if (isLicenceOver(end, now))
    return `the licence to export ended at ${end.toISOString()}: exports are refused`;
  const days = Math.ceil((end.getTime() - now.getTime()) / dayMs);
  if (days > warnDays) return undefined;
  const left = days === 1 ? 'in less than a day' : `in ${days} days`;
  return `the licence to export ends ${left}, at ${end.toISOString()}; exports will be refused from then on`;
}
