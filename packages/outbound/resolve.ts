/**
 * From the address of a server profile to the IP addresses a connection may go to. A name is resolved once and
 * the result is what is connected to: asking again later could give another, unchecked address.
 */
import { type LookupAddress, lookup } from 'node:dns';
import { isIP } from 'node:net';
import { Problem } from '@osimage/errors';
import type { AddressRules } from './addresses.ts';
import { literalAddress } from './literal.ts';

export interface Target {
  /** As written in the server profile, without brackets; for messages and certificates only. */
  readonly host: string;
  readonly port: number;
  /** Checked addresses, in the order to try them; at least one. */
  readonly addresses: readonly LookupAddress[];
}

type Lookup = (host: string, signal: AbortSignal) => Promise<readonly LookupAddress[]>;

export interface ResolveOptions {
  readonly signal: AbortSignal;
  readonly rules: AddressRules;
  /** How names are resolved; without it as the system does. */
  readonly lookUp?: Lookup;
}

/**
 * Resolves a name or IP address (with or without brackets). Throws Problem name_not_resolved, or
 * address_not_allowed when the rules refuse all addresses, or the reason of the signal.
 */
export async function resolveTarget(address: string, port: number, options: ResolveOptions): Promise<Target> {
  const { lookUp = systemLookUp, rules, signal } = options;
  signal.throwIfAborted();
  const host = address.trim().replace(/^\[(.*)\]$/, '$1');
  const family = isIP(host);
  const found = family === 0 ? await lookUp(host, signal) : [{ address: host, family }];
  const addresses = found.filter((one) => rules.refusal(one.address) === undefined);
  if (addresses.length === 0) throw notAllowed(host, found[0]?.address ?? '', rules);
  return { host, port, addresses };
}

/** Refuses an address that is written out and not allowed. Names are checked when they are connected to. */
export function checkAddress(address: string, rules: AddressRules): void {
  const ip = literalAddress(address);
  if (ip !== undefined && rules.refusal(ip) !== undefined) throw notAllowed(address, ip, rules);
}

function notAllowed(host: string, ip: string, rules: AddressRules): Problem {
  const address = host === ip ? host : `${host} (${ip})`;
  return new Problem('address_not_allowed', { address, why: rules.refusal(ip) ?? '' });
}

/** The system's own resolver, so that /etc/hosts counts. It cannot be stopped; on abort its answer is dropped. */
function systemLookUp(host: string, signal: AbortSignal): Promise<readonly LookupAddress[]> {
  return new Promise((resolve, reject) => {
    // The resolver takes an empty name for this machine.
    if (host === '') throw new Problem('name_not_resolved', { address: host });
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    lookup(host, { all: true, order: 'verbatim' }, (error, found) => {
      signal.removeEventListener('abort', onAbort);
      if (error === null && found.length > 0) resolve(found);
      else reject(new Problem('name_not_resolved', { address: host }, { cause: error }));
    });
  });
}
