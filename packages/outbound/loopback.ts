/** What stays on this machine. */
import { inNetwork, network } from './network.ts';

const loopback = [network('127.0.0.0/8'), network('::1/128')];

/** Whether a host as written in a setting (address, [address] or localhost) can only be reached from here. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost') return true;
  const address = host.replace(/^\[(.*)\]$/, '$1');
  return loopback.some((one) => inNetwork(address, one));
}
