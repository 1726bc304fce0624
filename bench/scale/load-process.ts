/** Sends what standard input orders and prints the answers. A process of its own, so that the bench takes no time from it. */
import { json } from 'node:stream/consumers';
import autocannon from 'autocannon';
import type { Answers, LoadOrder } from './load.ts';
import { sendSteadily } from './steady.ts';

const order = (await json(process.stdin)) as LoadOrder;
process.stdout.write(
  JSON.stringify(await (order.load.rate ? atRate(order, order.load.rate) : asFastAsItGoes(order))),
);

async function atRate(order: LoadOrder, rate: number): Promise<Answers> {
  const { latencies, failed, seconds } = await sendSteadily(order, rate);
  latencies.sort((a, b) => a - b);
  const at = (part: number) => Math.round(latencies[Math.ceil(latencies.length * part) - 1] ?? 0);
  return { perSecond: latencies.length / seconds, p50: at(0.5), p99: at(0.99), longest: at(1), failed };
}

async function asFastAsItGoes({ url, authorization, paths, load }: LoadOrder): Promise<Answers> {
  let clients = 0;
  const result = await autocannon({
    url,
    connections: load.connections,
    duration: load.seconds,
    setupClient(client) {
      // A part for each: all requests for every connection take most of a second to build, which would count as the service's.
      const number = clients++;
      const own = paths.filter((_, at) => at % load.connections === number);
      client.setRequests(own.map((path) => ({ method: 'GET', path, headers: { authorization } })));
    },
  });
  const { p50, p99, max } = result.latency;
  const failed = result.non2xx + result.errors;
  return { perSecond: result['2xx'] / result.duration, p50, p99, longest: max, failed };
}
