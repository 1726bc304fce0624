/** The gRPC server: our service, the standard health service and reflection. */
import { type Server as GrpcServer, Server, ServerCredentials } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { api, type Identity, packageDefinition } from '@osimage/packaging-api';
import { HealthImplementation } from 'grpc-health-check';
import type { PackagerContext } from '../context.ts';
import type { Health } from '../health.ts';
import { createHandlers } from './handlers.ts';

const serviceName = 'osimage.packaging.v1.PackagingService';
// Requests are references, never content; nothing legitimate comes near this.
const messageBytesMost = 1024 * 1024;

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
  health: Health,
  listen: string,
  identity: Identity | undefined,
): Promise<RunningServer> {
  const server = new Server({ 'grpc.max_receive_message_length': messageBytesMost });
  server.addService(api.PackagingService.service, createHandlers(context));
  const standard = new HealthImplementation();
  health.watch((serving) => {
    for (const name of ['', serviceName]) standard.setStatus(name, serving ? 'SERVING' : 'NOT_SERVING');
  });
  standard.addToServer(server);
  new ReflectionService(packageDefinition).addToServer(server);
  const port = await bind(
    server,
    listen,
    identity?.serverCredentials() ?? ServerCredentials.createInsecure(),
  );
  return {
    address: `${listen.slice(0, listen.lastIndexOf(':'))}:${port}`,
    close: () => shutDown(server),
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
