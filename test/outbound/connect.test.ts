// A name is resolved once, its addresses are checked, and only they are connected to.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { connectSocket, resolveTarget } from '@osimage/outbound';
import t, { type Test } from 'tap';

const never = new AbortController().signal;
const options = { signal: never, timeoutMs: 10_000 };

async function listen(t: Test, host = '127.0.0.1'): Promise<Server & { port: number }> {
  const server = createServer((socket) => socket.resume().on('error', () => undefined)).listen(0, host);
  await once(server, 'listening');
  t.teardown(() => server.close());
  return Object.assign(server, { port: (server.address() as AddressInfo).port });
}

t.test('addresses and names', async (t) => {
  t.match(await resolveTarget('127.0.0.1', 22, { signal: never }), {
    host: '127.0.0.1',
    port: 22,
    addresses: [{ address: '127.0.0.1', family: 4 }],
  });
  t.match(await resolveTarget('[::1]', 22, { signal: never }), {
    host: '::1',
    addresses: [{ address: '::1', family: 6 }],
  });
  const { addresses } = await resolveTarget('localhost', 22, { signal: never });
  t.ok(addresses.length > 0);
  t.ok(addresses.every(({ address }) => address === '::1' || address.startsWith('127.')));
});

t.test('a name that is none', async (t) => {
  for (const name of ['no-such-host.invalid', 'a b', '']) {
    await t.rejects(
      resolveTarget(name, 22, { signal: never }),
      { code: 'name_not_resolved' },
      JSON.stringify(name),
    );
  }
});

t.test('a checker sees addresses, not names', async (t) => {
  const seen: string[] = [];
  const allow = (ip: string) => {
    seen.push(ip);
    return false;
  };
  await t.rejects(resolveTarget('localhost', 22, { signal: never, allow }), { code: 'address_not_allowed' });
  t.ok(seen.length > 0 && !seen.includes('localhost'));
});

t.test('connects to the checked addresses, whatever the name means', async (t) => {
  const server = await listen(t);
  const addresses = [{ address: '127.0.0.1', family: 4 }];
  const socket = await connectSocket({ host: 'no-such-host.invalid', port: server.port, addresses }, options);
  t.equal(socket.remoteAddress, '127.0.0.1');
  t.equal(socket.listenerCount('error'), 0, 'the socket is handed over clean');
  socket.destroy();
});

t.test('the second address is tried when the first refuses', async (t) => {
  const server = await listen(t);
  const addresses = [
    { address: '::1', family: 6 },
    { address: '127.0.0.1', family: 4 },
  ];
  const socket = await connectSocket({ host: 'both', port: server.port, addresses }, options);
  t.equal(socket.remoteAddress, '127.0.0.1');
  socket.destroy();
});

t.test('nobody there', async (t) => {
  const server = await listen(t);
  const { port } = server;
  server.close();
  await once(server, 'close');
  const target = await resolveTarget('localhost', port, { signal: never });
  await t.rejects(connectSocket(target, options), {
    code: 'host_unreachable',
    message: /refused/,
    params: { port },
  });
});

t.test('no answer in time, and abort', async (t) => {
  // TEST-NET-1 (RFC 5737): nobody answers there; some networks refuse at once, which is as good.
  const target = { host: '192.0.2.1', port: 9, addresses: [{ address: '192.0.2.1', family: 4 }] };
  await t.rejects(connectSocket(target, { signal: never, timeoutMs: 50 }), { code: 'host_unreachable' });
  const reason = new Error('no longer wanted');
  await t.rejects(connectSocket(target, { ...options, signal: AbortSignal.abort(reason) }), reason);
  await t.rejects(resolveTarget('localhost', 9, { signal: AbortSignal.abort(reason) }), reason);
  const controller = new AbortController();
  const resolving = resolveTarget('localhost', 9, { signal: controller.signal });
  controller.abort(reason);
  await t.rejects(resolving, reason);
});
