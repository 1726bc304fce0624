/**
 * Which IP addresses this service may connect to on somebody's behalf. Private networks are open, as file
 * servers live there. Closed is what only this machine or its cloud should reach: loopback, link-local with the
 * metadata services, other metadata addresses, and what is no single machine at all. An IPv6 form of an IPv4
 * address (mapped, NAT64, 6to4) is judged by both.
 */
import { embeddedIPv4 } from './embedded.ts';
import { isLoopback } from './loopback.ts';
import { inNetwork, type Network, network } from './network.ts';

export interface AddressRules {
  /** Why this IP address may not be connected to, a few words after "it is"; undefined when it may. */
  refusal(ip: string): string | undefined;
}

/** The settings the rules are made of (packages/settings). */
export interface OutboundSettings {
  readonly OUTBOUND_ALLOW: readonly string[];
  readonly GATEWAY_HOST: string;
  readonly PACKAGER_LISTEN: string;
}

const loopback = 'a loopback address';
const linkLocal = 'a link-local address';
const metadata = "the address of a cloud's metadata service";
const unspecified = 'no address of a machine';
const multicast = 'a multicast address';
const hidden = 'a form that hides the real address';

const forbidden: readonly (readonly [string, Network])[] = [
  // AWS, Google, Azure and others answer here, for ECS at 170.2; the rest of the network follows below.
  [metadata, network('169.254.169.254/32')],
  [metadata, network('169.254.170.2/32')],
  // Alibaba, Oracle, Azure's wire server, AWS and Google over IPv6.
  [metadata, network('100.100.100.200/32')],
  [metadata, network('192.0.0.192/32')],
  [metadata, network('168.63.129.16/32')],
  [metadata, network('fd00:ec2::/32')],
  [metadata, network('fd20:ce::254/128')],
  // Linux takes 0.0.0.0 for this machine.
  [unspecified, network('0.0.0.0/8')],
  [unspecified, network('::/128')],
  [loopback, network('127.0.0.0/8')],
  [loopback, network('::1/128')],
  [linkLocal, network('169.254.0.0/16')],
  [linkLocal, network('fe80::/10')],
  [multicast, network('224.0.0.0/4')],
  [multicast, network('ff00::/8')],
  ['the broadcast address', network('255.255.255.255/32')],
  ['a reserved address', network('240.0.0.0/4')],
  // Teredo (RFC 4380) and local NAT64 (RFC 8215), where only the network's owner knows what is inside.
  [hidden, network('2001::/32')],
  [hidden, network('64:ff9b:1::/48')],
];

/**
 * Makes the rules. Loopback is open while gateway and packager both listen on loopback only: then whoever can
 * ask us to connect is on this machine already. OUTBOUND_ALLOW opens whatever it names.
 */
export function addressRules(settings: OutboundSettings): AddressRules {
  const allowed = settings.OUTBOUND_ALLOW.map(network);
  const { GATEWAY_HOST, PACKAGER_LISTEN } = settings;
  const packagerHost = PACKAGER_LISTEN.slice(0, PACKAGER_LISTEN.lastIndexOf(':'));
  const onlyHere = isLoopback(GATEWAY_HOST) && isLoopback(packagerHost);
  return {
    refusal(ip) {
      const inner = embeddedIPv4(ip);
      const forms = inner === undefined ? [ip] : [ip, inner];
      if (forms.some((form) => allowed.some((one) => inNetwork(form, one)))) return undefined;
      for (const form of forms) {
        const why = forbidden.find(([, one]) => inNetwork(form, one))?.[0];
        if (why !== undefined && !(why === loopback && onlyHere)) return why;
      }
      return undefined;
    },
  };
}
