/** How a server wants to be treated: the optional attributes of a profile beside those of the contract. */
import type { ServerValues } from '@osimage/database';
import { Problem } from '@osimage/errors';
import { oldAlgorithmNames } from '@osimage/outbound';
import type { ServerChange } from '../schemas/servers.ts';

export type ServerOptions = Pick<
  ServerValues,
  'connections' | 'bytes_per_second' | 'verify' | 'old_algorithms' | 'authentication' | 'parallel_exports'
>;

export const usualOptions: ServerOptions = {
  connections: null,
  bytes_per_second: null,
  verify: 'sample',
  old_algorithms: [],
  authentication: 'basic',
  parallel_exports: null,
};

// Below it a gigabyte would take more than a week.
const leastBytesPerSecond = 1_024;

/**
 * The options after a change: what is absent stays, a number of 0 stands for none. Those a new protocol has no use
 * for go. Throws Problem option_not_possible for one that is given and makes no sense.
 */
export function optionsAfter(before: ServerOptions, wanted: ServerChange, protocol: string): ServerOptions {
  const { bytesPerSecond, oldAlgorithms, authentication } = wanted;
  if (bytesPerSecond != null && bytesPerSecond > 0 && bytesPerSecond < leastBytesPerSecond)
    throw refused(`bytesPerSecond is 0 for no limit, or at least ${leastBytesPerSecond}.`);
  const speaksSsh = protocol === 'SFTP';
  if (!speaksSsh && oldAlgorithms?.length) throw refused(`oldAlgorithms are for SFTP, not for ${protocol}.`);
  const speaksHttp = protocol === 'HTTP' || protocol === 'HTTPS';
  if (!speaksHttp && authentication === 'bearer')
    throw refused(`The authentication bearer is for HTTP and HTTPS, not for ${protocol}.`);
  return {
    connections: number(wanted.connections, before.connections),
    bytes_per_second: number(bytesPerSecond, before.bytes_per_second),
    verify: wanted.verify ?? before.verify,
    old_algorithms: speaksSsh ? inOrder(oldAlgorithms ?? before.old_algorithms) : [],
    authentication: speaksHttp ? (authentication ?? before.authentication) : 'basic',
    parallel_exports: number(wanted.parallelExports, before.parallel_exports),
  };
}

/** As answers show them: 0 where there is none, so that what was read can be sent back. */
export function shownOptions(server: ServerOptions) {
  return {
    connections: server.connections ?? 0,
    bytesPerSecond: server.bytes_per_second ?? 0,
    verify: server.verify,
    oldAlgorithms: server.old_algorithms,
    authentication: server.authentication,
    parallelExports: server.parallel_exports ?? 0,
  };
}

function number(wanted: number | null | undefined, before: number | null): number | null {
  return wanted == null ? before : wanted === 0 ? null : wanted;
}

/** Each once, the stronger of a kind first, whatever order they came in. */
function inOrder(names: readonly string[]): string[] {
  return oldAlgorithmNames.filter((name) => names.includes(name));
}

function refused(detail: string): Problem {
  return new Problem('option_not_possible', { detail });
}
