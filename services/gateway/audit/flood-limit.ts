/** Keeps strangers from filling the audit table: what nobody signed in does is counted by address. */

import { networkOf } from '../auth/network.ts';

const windowMs = 60_000;
/** Entries of one address in the table within a window; the others are in the log only. */
const mostInWindow = 60;
/** Addresses remembered at once; the oldest are forgotten first. */
const mostAddresses = 10_000;

export interface FloodLimit {
  /**
   * Whether an entry from this address may go into the table, and how many could not since the last time one was
   * asked about that may.
   */
  admit(address: string): { kept: boolean; leftOut: number };
}

/** `now` gives milliseconds. */
export function createFloodLimit(now: () => number = Date.now): FloodLimit {
  const windows = new Map<string, { start: number; count: number; leftOut: number }>();
  return {
    admit(address) {
      const time = now();
      const key = networkOf(address);
      let window = windows.get(key);
      if (!window || time - window.start >= windowMs) {
        window = { start: time, count: 0, leftOut: window?.leftOut ?? 0 };
        windows.delete(key);
        windows.set(key, window);
        if (windows.size > mostAddresses) windows.delete(windows.keys().next().value!);
      }
      if (window.count >= mostInWindow) {
        window.leftOut += 1;
        return { kept: false, leftOut: 0 };
      }
      window.count += 1;
      const { leftOut } = window;
      window.leftOut = 0;
      return { kept: true, leftOut };
    },
  };
}
