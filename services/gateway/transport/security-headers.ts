/** What every answer tells browsers: that there is nothing here to show, frame, guess at or embed elsewhere. */

/** A year: browsers that came over TLS once come over TLS only. */
const strictTransport = 'max-age=31536000';

/**
 * The headers of an answer; `secure` when the client came over TLS. A page of ours sets its own
 * Content-Security-Policy over this one. There are no CORS headers: no other site's script reads our answers.
 */
export function securityHeaders(secure: boolean): Record<string, string> {
  return {
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    ...(secure && { 'strict-transport-security': strictTransport }),
  };
}
