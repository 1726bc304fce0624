/** Bytes to and from remote file servers, and the time they took: together the throughput of each server. */
import { Counter, type Registry } from '@osimage/telemetry';

/** Servers that get a label of their own in one process; a scraper must not drown in them. */
const serversAtMost = 200;
const others = 'others';

export interface Transfers {
  /**
   * Gives what is told how many bytes of one transfer are through. The first time says where it begins: bytes that an
   * earlier attempt has sent, or that lay there already, are not counted.
   */
  begin(server: string, direction: 'in' | 'out'): (bytes: number) => void;
}

export function countTransfers(registry: Registry): Transfers {
  const labelNames = ['server', 'direction'] as const;
  const registers = [registry];
  const moved = new Counter({
    name: 'osimage_server_bytes_total',
    help: 'Bytes moved to (out) and from (in) remote file servers, by the id of their profile.',
    labelNames,
    registers,
  });
  const spent = new Counter({
    name: 'osimage_server_seconds_total',
    help: 'How long transfers with them took; those side by side count each.',
    labelNames,
    registers,
  });
  const known = new Set<string>();
  const labelOf = (server: string) => {
    if (known.size < serversAtMost) known.add(server);
    return known.has(server) ? server : others;
  };
  return {
    begin(server, direction) {
      const labels = { server: labelOf(server), direction };
      let last: { at: number; bytes: number } | undefined;
      return (bytes) => {
        const at = performance.now();
        if (last && bytes > last.bytes) {
          moved.inc(labels, bytes - last.bytes);
          spent.inc(labels, (at - last.at) / 1_000);
        }
        if (!last || bytes > last.bytes) last = { at, bytes };
      };
    },
  };
}
