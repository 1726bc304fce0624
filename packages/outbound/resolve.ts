/**
 * From the address of a server profile to the IP addresses a connection may go to. A name is resolved once and
 * the result is what is connected to: asking again later could give another, unchecked address.
 */
import { type LookupAddress, lookup } from 'node:dns';
import { isIP } from 'node:net';
import { Problem } from '@osimage/errors';

export interface Target {
  /** As written in the server profile; for messages only. */
  readonly host: string;
  readonly port: number;
  /** Checked addresses, in the order to try them; at least one. */
  readonly addresses: readonly LookupAddress[];
}

export interface ResolveOptions {
  readonly signal: AbortSignal;
  /** Whether a connection to this IP address may be made; without it every address may. */
  readonly allow?: (ip: string) => boolean;
}

/**
 * Resolves a name or IP address (with or without brackets). Throws Problem name_not_resolved, or
 * address_not_allowed when `allow` refuses all addresses, or the reason of the signal.
 */
export async function resolveTarget(address: string, port: number, options: ResolveOptions): Promise<Target> {
  options.signal.throwIfAborted();
  const host = address.trim().replace(/^\[(.*)\]$/, '$1');
  const family = isIP(host);
  const found = family === 0 ? await lookUp(host, options.signal) : [{ address: host, family }];
  const { allow = () => true } = options;
  const addresses = found.filter((one) => allow(one.address));
  if (addresses.length === 0) throw new Problem('address_not_allowed', { address: host });
  return { host, port, addresses };
}

/** The system's own resolver, so that /etc/hosts counts. It cannot be stopped; on abort its answer is dropped. */
function lookUp(host: string, signal: AbortSignal): Promise<LookupAddress[]> {
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
