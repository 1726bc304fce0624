/** IPv4 addresses inside IPv6 ones: what the packets of such an address really reach. */
import { addressBytes, inNetwork, network } from './network.ts';

/** The network, and the byte at which the IPv4 address begins. */
const forms = [
  // Mapped (RFC 4291), translated (RFC 2765), and compatible, which is out of use.
  [network('::ffff:0:0/96'), 12],
  [network('::ffff:0:0:0/96'), 12],
  [network('::/96'), 12],
  // NAT64 (RFC 6052) and 6to4 (RFC 3056).
  [network('64:ff9b::/96'), 12],
  [network('2002::/16'), 2],
] as const;
const own = [network('::/128'), network('::1/128')];

/** The IPv4 address in an IPv6 one; undefined when there is none. */
export function embeddedIPv4(ip: string): string | undefined {
  const bytes = addressBytes(ip);
  if (bytes?.length !== 16 || own.some((one) => inNetwork(ip, one))) return undefined;
  const at = forms.find(([form]) => inNetwork(ip, form))?.[1];
  return at === undefined ? undefined : bytes.subarray(at, at + 4).join('.');
}
