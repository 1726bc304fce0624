/** The gRPC server: our service, the standard health service and reflection. */
import { type Server as GrpcServer, Server, ServerCredentials } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { api, type Identity, packageDefinition } from '@osimage/packaging-api';
import { HealthImplementation } from 'grpc-health-check';
import type { PackagerContext } from '../context.ts';
import { createHandlers } from './handlers.ts';

const serviceName = 'osimage.packaging.v1.PackagingService';
// Requests are references, never content; nothing legitimate comes near this.
const messageBytesMost = 1024 * 1024;
const healthEveryMs = 2_000;

export interface RunningServer {
  /** host:port it really listens on. */
  address: string;
  /** Refuses new calls, lets running ones end. */
  close(): Promise<void>;
}

/**
 * Starts serving on `listen` (host:port): with mutual TLS as `identity`, else in clear, which the caller allows on
 * loopback only. Throws when the address cannot be used.
 */
export async function serve(
  context: PackagerContext,
  listen: string,
  identity: Identity | undefined,
): Promise<RunningServer> {
  const server = new Server({ 'grpc.max_receive_message_length': messageBytesMost });
  server.addService(api.PackagingService.service, createHandlers(context));
  const health = new HealthImplementation({ '': 'SERVING', [serviceName]: 'SERVING' });
  health.addToServer(server);
  new ReflectionService(packageDefinition).addToServer(server);
  const port = await bind(
    server,
    listen,
    identity?.serverCredentials() ?? ServerCredentials.createInsecure(),
  );
  const stopWatching = watchDatabase(context, (up) => {
    for (const name of ['', serviceName]) health.setStatus(name, up ? 'SERVING' : 'NOT_SERVING');
  });
  return {
    address: `${listen.slice(0, listen.lastIndexOf(':'))}:${port}`,
    async close() {
      stopWatching();
      for (const name of ['', serviceName]) health.setStatus(name, 'NOT_SERVING');
      await shutDown(server);
    },
  };
}

function bind(server: GrpcServer, listen: string, credentials: ServerCredentials): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.bindAsync(listen, credentials, (error, port) => (error ? reject(error) : resolve(port)));
  return promise;
}

function shutDown(server: GrpcServer): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  // Streams such as a health watch never end by themselves.
  const timer = setTimeout(() => server.forceShutdown(), 2_000);
  server.tryShutdown(() => {
    clearTimeout(timer);
    resolve();
  });
  return promise;
}

/** Tells whether the database answers: a packager without it can do nothing. */
function watchDatabase(context: PackagerContext, report: (up: boolean) => void): () => void {
  let asking = false;
  const timer = setInterval(() => {
    if (asking) return;
    asking = true;
    context.db
      .query('select 1')
      .then(
        () => report(true),
        () => report(false),
      )
      .finally(() => {
        asking = false;
      });
  }, healthEveryMs);
  return () => clearInterval(timer);
}
