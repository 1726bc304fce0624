/** What health checks of containers call. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { selfSigned } from '../../services/gateway/transport/self-signed.ts';
import { root } from './compose-file.ts';

function probe(...args: string[]): Promise<{ code: number; said: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [join(root, 'scripts/probe.ts'), ...args], (error, _, said) =>
      resolve({ code: error ? Number(error.code) : 0, said }),
    );
  });
}

for (const protocol of ['http', 'https'] as const) {
  t.test(`over ${protocol} it tells whether a service can serve`, async (t) => {
    let status = 200;
    const asked: string[] = [];
    const handler: RequestListener = (request, answer) => {
      asked.push(request.url ?? '');
      answer.writeHead(status).end();
    };
    const server =
      protocol === 'http'
        ? createServer(handler)
        : createSecureServer(await selfSigned(t.testdir({}), '::'), handler);
    t.teardown(() => server.close());
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const url = `${protocol}://127.0.0.1:${(server.address() as AddressInfo).port}/readyz`;
    t.same(await probe(url), { code: 0, said: '' });
    status = 503;
    t.same(await probe(url), { code: 1, said: 'it answers 503\n' });
    t.same(asked, ['/readyz', '/readyz']);
    server.close();
    server.closeAllConnections();
    t.match(await probe(url), { code: 1, said: /ECONNREFUSED/ });
  });
}

t.test('it says how it is called', async (t) => {
  for (const args of [[], ['gateway'], ['file:///readyz']])
    t.match(await probe(...args), { code: 2, said: /^usage: / }, args.join(' '));
});
