// A name is resolved once, its addresses are checked, and only they are connected to.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { connectSocket, resolveTarget } from '@osimage/outbound';
import t, { type Test } from 'tap';
import { onlyHere, reachedFromOutside } from '../support/addresses.ts';

const never = new AbortController().signal;
const options = { signal: never, timeoutMs: 10_000 };
const open = { signal: never, rules: onlyHere };

async function listen(t: Test, host = '127.0.0.1'): Promise<Server & { port: number }> {
  const server = createServer((socket) => socket.resume().on('error', () => undefined)).listen(0, host);
  await once(server, 'listening');
  t.teardown(() => server.close());
  return Object.assign(server, { port: (server.address() as AddressInfo).port });
}

t.test('addresses and names', async (t) => {
  t.match(await resolveTarget('127.0.0.1', 22, open), {
    host: '127.0.0.1',
    port: 22,
    addresses: [{ address: '127.0.0.1', family: 4 }],
  });
  t.match(await resolveTarget('[::1]', 22, open), {
    host: '::1',
    addresses: [{ address: '::1', family: 6 }],
  });
  const { addresses } = await resolveTarget('localhost', 22, open);
  t.ok(addresses.length > 0);
  t.ok(addresses.every(({ address }) => address === '::1' || address.startsWith('127.')));
});

t.test('a name that is none', async (t) => {
  for (const name of ['no-such-host.invalid', 'a b', '']) {
    await t.rejects(resolveTarget(name, 22, open), { code: 'name_not_resolved' }, JSON.stringify(name));
  }
});

t.test('a name is judged by what it resolves to', async (t) => {
  const closed = { signal: never, rules: reachedFromOutside() };
  await t.rejects(resolveTarget('localhost', 22, closed), {
    code: 'address_not_allowed',
    message: /localhost \((127\.|::1).*loopback/,
  });
  const answers = ['198.51.100.7', '127.0.0.1'];
  const seen: string[] = [];
  const lookUp = async (host: string) => {
    seen.push(host);
    return [{ address: answers[seen.length - 1] ?? '', family: 4 }];
  };
  const target = await resolveTarget('changing.example', 22, { ...closed, lookUp });
  t.match(target.addresses, [{ address: '198.51.100.7' }], 'the first answer is what is connected to');
  t.equal(seen.length, 1, 'asked once');
  await t.rejects(resolveTarget('changing.example', 22, { ...closed, lookUp }), {
    code: 'address_not_allowed',
    message: /changing\.example \(127\.0\.0\.1\)/,
  });
  const both = async () => [
    { address: '169.254.169.254', family: 4 },
    { address: '2001:db8::7', family: 6 },
    { address: '::ffff:127.0.0.1', family: 6 },
  ];
  t.same((await resolveTarget('several.example', 22, { ...closed, lookUp: both })).addresses, [
    { address: '2001:db8::7', family: 6 },
  ]);
});

t.test('numbers that the resolver takes for an address', async (t) => {
  const closed = { signal: never, rules: reachedFromOutside() };
  for (const host of ['2130706433', '0x7f000001', '0177.0.0.1', '127.1', '[::1]', '::ffff:7f00:1', '0'])
    await t.rejects(resolveTarget(host, 22, closed), { code: 'address_not_allowed' }, host);
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
  const target = await resolveTarget('localhost', port, open);
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
  await t.rejects(resolveTarget('localhost', 9, { ...open, signal: AbortSignal.abort(reason) }), reason);
  const controller = new AbortController();
  const resolving = resolveTarget('localhost', 9, { ...open, signal: controller.signal });
  controller.abort(reason);
  await t.rejects(resolving, reason);
});
