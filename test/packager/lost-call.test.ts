/** A packager goes away in the middle of a call: the caller hears "come back", not that somebody cancelled. */
import { once } from 'node:events';
import { constants, createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { connectPackager } from '@osimage/packaging-api';
import t from 'tap';

t.test('a call that its packager breaks off', async (t) => {
  // As gRPC's own servers do when they are stopped for good: HTTP/2's CANCEL for whatever was asked.
  const server = createServer().on('stream', (stream) => {
    stream.on('error', () => {}).close(constants.NGHTTP2_CANCEL);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connectPackager(`127.0.0.1:${(server.address() as AddressInfo).port}`);
  t.teardown(() => {
    client.close();
    server.close();
  });
  await t.rejects(client.getJob({ id: '1' }, { user: 'USERID' }), { code: 'unavailable' }, 'with one answer');
  const watch = client.watchJob({ id: '1' }, { user: 'USERID' })[Symbol.asyncIterator]();
  await t.rejects(watch.next(), { code: 'unavailable' }, 'with many');
});
