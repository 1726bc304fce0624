/**
 * Sends what standard input orders and prints autocannon's result. A process of its own, so that the bench takes no time
 * from it.
 */
import { json } from 'node:stream/consumers';
import autocannon from 'autocannon';
import type { LoadOrder } from './load.ts';

const { url, authorization, paths, load } = (await json(process.stdin)) as LoadOrder;
let clients = 0;
const result = await autocannon({
  url,
  connections: load.connections,
  duration: load.seconds,
  ...(load.rate !== undefined && { overallRate: load.rate }),
  setupClient(client) {
    // A part for each: all requests for every connection take most of a second to build, which would count as the service's.
    const number = clients++;
    const own = paths.filter((_, at) => at % load.connections === number);
    client.setRequests(own.map((path) => ({ method: 'GET', path, headers: { authorization } })));
  },
});
process.stdout.write(JSON.stringify(result));
