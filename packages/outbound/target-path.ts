/**
 * The rules for the `path` of an export (contract, 7.1 and C-7). Checked when the job is created, so that a bad
 * path is refused at once, and again before it is used.
 */
import { Problem } from '@osimage/errors';

// Linux: PATH_MAX and NAME_MAX, in bytes. Longer ones no server takes.
const MAX_PATH_BYTES = 4096;
const MAX_NAME_BYTES = 255;

/**
 * Collapses repeated slashes and drops "." segments; a slash at the end stays, it means a folder. Throws
 * Problem invalid_request for "..", NUL and other control characters, broken Unicode and impossible lengths.
 */
export function normaliseTargetPath(path: string): string {
  if (/\p{Cc}/u.test(path)) throw refused('path contains NUL or another control character');
  if (!path.isWellFormed()) throw refused('path is not well-formed Unicode');
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) throw refused(`path is longer than ${MAX_PATH_BYTES} bytes`);
  const segments = path.split('/').filter((segment) => segment !== '' && segment !== '.');
  for (const segment of segments) {
    if (segment === '..') throw refused('path contains a ".." segment');
    if (Buffer.byteLength(segment) > MAX_NAME_BYTES) {
      throw refused(`path contains a name longer than ${MAX_NAME_BYTES} bytes`);
    }
  }
  const start = path.startsWith('/') ? '/' : '';
  if (segments.length === 0) return start;
  // "a/." means the folder a, as it does for cp.
  const end = /(^|\/)\.?$/.test(path) ? '/' : '';
  return start + segments.join('/') + end;
}

function refused(detail: string): Problem {
  return new Problem('invalid_request', { detail: `The ${detail}.` });
}
