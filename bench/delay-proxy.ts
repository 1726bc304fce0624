/**
 * `node bench/delay-proxy.ts --to PORT [--rtt MS] [--rate BYTES] [--cut-after BYTES]`: the delay link as a process of
 * its own, so that it takes no turn of anybody's event loop. Prints a line of JSON with its port and ends with its
 * standard input.
 */
import { parseArgs } from 'node:util';
import { startDelayLink } from './delay-link.ts';

const { values } = parseArgs({
  options: {
    to: { type: 'string' },
    rtt: { type: 'string', default: '0' },
    rate: { type: 'string' },
    'cut-after': { type: 'string' },
  },
});
const number = (text: string | undefined) => (text === undefined ? undefined : Number(text));
const link = await startDelayLink({
  to: Number(values.to),
  rttMs: Number(values.rtt),
  bytesPerSecond: number(values.rate),
  cutAfter: number(values['cut-after']),
});
process.stdout.write(`${JSON.stringify({ port: link.port })}\n`);
process.stdin.on('end', () => process.exit()).resume();
