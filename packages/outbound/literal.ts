/** Addresses written out, in any of the spellings a resolver takes for one. */
import { isIP } from 'node:net';

/**
 * The IP address that a host is a spelling of, such as [::1], 127.1, 0x7f.0.0.1, 017700000001 or 2130706433;
 * undefined for a name.
 */
export function literalAddress(host: string): string | undefined {
  const plain = host.trim().replace(/^\[(.*)\]$/, '$1');
  if (isIP(plain) !== 0) return plain;
  if (!/^[0-9a-fx.]+$/i.test(plain)) return undefined;
  // The numeric forms of IPv4 are the same in the URL standard and in inet_aton(3).
  const found = URL.parse(`http://${plain}/`)?.hostname ?? '';
  return isIP(found) === 0 ? undefined : found;
}
