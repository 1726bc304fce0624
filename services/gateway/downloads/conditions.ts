/** Conditional requests on a file whose entity tag is strong: RFC 9110, section 13. */
import type { IncomingHttpHeaders } from 'node:http';

/** The entity tag of content with this SHA-256. */
export function etagOf(sha256: string): string {
  return `"${sha256}"`;
}

/** Whether the caller has the content already, so that 304 is the answer. */
export function isUnchanged(headers: IncomingHttpHeaders, etag: string): boolean {
  const given = headers['if-none-match'];
  if (given === undefined) return false;
  // Weak comparison: the W/ of a tag does not matter here (13.1.2).
  return given.split(',').some((tag) => ['*', etag].includes(tag.trim().replace(/^W\//, '')));
}

/** Whether a Range header counts: it does not when If-Range names other content, or a date, which we never gave. */
export function allowsRange(headers: IncomingHttpHeaders, etag: string): boolean {
  const given = headers['if-range'];
  return given === undefined || String(given).trim() === etag;
}
