/** Host keys in the form they are kept in: "type base64", and "@revoked type base64" for one never to be taken. */
import { createHash } from 'node:crypto';

const revokedMark = '@revoked ';

/** The pins a server may show. */
export function trustedKeys(pins: readonly string[]): string[] {
  return pins.filter((pin) => !pin.startsWith('@')).map(withoutComment);
}

/** Those it must not show. */
export function revokedKeys(pins: readonly string[]): string[] {
  return pins
    .filter((pin) => pin.startsWith(revokedMark))
    .map((pin) => withoutComment(pin.slice(revokedMark.length)));
}

export function revoked(key: string): string {
  return revokedMark + key;
}

/** As `ssh-keygen -l` prints it; `key` may have a mark before it and a comment after it. */
export function fingerprint(key: string): string {
  const blob = Buffer.from(key.replace(/^@\S+ /, '').split(' ')[1] ?? '', 'base64');
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}

function withoutComment(pin: string): string {
  return pin.split(/\s+/, 2).join(' ');
}
