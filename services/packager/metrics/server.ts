/** `GET /metrics`, `/healthz` and `/readyz` of a packager, over plain HTTP, where PACKAGER_METRICS_LISTEN says. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from '@osimage/telemetry';
import type { Health } from '../health.ts';

/** A scrape is short; whoever says nothing for so long is not one. */
const idleMs = 10_000;
const connectionsMost = 64;

export interface MetricsServer {
  /** host:port it really listens on. */
  readonly address: string;
  close(): Promise<void>;
}

/** Starts it on `listen` (host:port). Throws when the address cannot be used. */
export async function serveMetrics(
  listen: string,
  registry: Registry,
  health: Health,
): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    answer(request, response, registry, health).catch((error: unknown) => response.destroy(error as Error));
  });
  server.maxConnections = connectionsMost;
  server.requestTimeout = idleMs;
  server.keepAliveTimeout = idleMs;
  const colon = listen.lastIndexOf(':');
  const host = listen.slice(0, colon);
  server.listen(Number(listen.slice(colon + 1)), host.replace(/^\[|\]$/g, ''));
  await once(server, 'listening');
  return {
    address: `${host}:${(server.address() as AddressInfo).port}`,
    async close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  registry: Registry,
  health: Health,
): Promise<void> {
  const say = (status: number, text: string, type = 'text/plain; charset=utf-8') =>
    response.writeHead(status, { 'content-type': type }).end(request.method === 'HEAD' ? undefined : text);
  if (request.method !== 'GET' && request.method !== 'HEAD') return void say(405, 'GET only\n');
  switch (request.url?.split('?')[0]) {
    case '/metrics':
      return void say(200, await registry.metrics(), registry.contentType);
    case '/healthz':
      return void say(200, 'alive\n');
    case '/readyz':
      return void (health.serving ? say(200, 'ready\n') : say(503, 'not ready\n'));
    default:
      return void say(404, 'There are /metrics, /healthz and /readyz\n');
  }
}
