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
    // Each begins elsewhere, or all would ask for the same thing at the same moment.
    const from = Math.floor((clients++ * paths.length) / load.connections);
    const turned = [...paths.slice(from), ...paths.slice(0, from)];
    client.setRequests(turned.map((path) => ({ method: 'GET', path, headers: { authorization } })));
  },
});
process.stdout.write(JSON.stringify(result));
