/** Times in queries. */
import { Problem } from '@osimage/errors';

/** Gives the time of a parameter, ISO 8601; throws Problem invalid_request naming the parameter. */
export function readTime(name: string, text: string): Date {
  const time = new Date(text);
  if (!/^\d{4}-\d\d-\d\d/.test(text) || Number.isNaN(time.getTime()))
    throw new Problem('invalid_request', { detail: `${name} must be a time like 2026-01-31T05:43:10Z.` });
  return time;
}
