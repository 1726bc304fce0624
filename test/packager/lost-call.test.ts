/** A packager goes away in the middle of a call: the caller hears "come back", not that somebody cancelled. */
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { api, connectPackager } from '@osimage/packaging-api';
import t from 'tap';

t.test('a call that its packager breaks off', async (t) => {
  const server = new Server();
  const asked = Promise.withResolvers<void>();
  const never = () => asked.resolve();
  const handlers = Object.fromEntries(Object.keys(api.PackagingService.service).map((name) => [name, never]));
  server.addService(api.PackagingService.service, handlers);
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
    error ? reject(error) : resolve(port),
  );
  const client = connectPackager(`127.0.0.1:${await promise}`);
  t.teardown(() => client.close());
  const unary = t.rejects(client.getJob({ id: '1' }, { user: 'USERID' }), { code: 'unavailable' }, 'unary');
  await asked.promise;
  const watch = client.watchJob({ id: '1' }, { user: 'USERID' })[Symbol.asyncIterator]();
  const stream = t.rejects(watch.next(), { code: 'unavailable' }, 'stream');
  server.forceShutdown();
  await Promise.all([unary, stream]);
});
