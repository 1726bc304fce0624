/** Node's HTTP and HTTPS servers below Fastify: their limits, their certificate, and an end for all connections. */
import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https';
import type { Socket } from 'node:net';
import { Problem } from '@osimage/errors';
import type { Certificate } from '@osimage/secrets';
import type { Settings } from '@osimage/settings';
import { answerBare, answerSocket } from './bare-answer.ts';
import { tlsOptions } from './tls-options.ts';

/** Connections beyond the limit that are told so; further ones are closed unanswered. */
const toldConnections = 64;
/** How often Node looks for requests that are late. */
const lookEveryMs = 1_000;

export interface HttpServers {
  readonly secure: boolean;
  /** Connections that are open. */
  readonly open: number;
  /** For Fastify, which wants one for each address: localhost has two. */
  create(handler: RequestListener): Server;
  /** New connections see this certificate; only with HTTPS. */
  renew(certificate: Certificate): void;
  /** Cuts every connection, whatever goes on there. */
  cut(): void;
}

export type HttpLimits = Pick<
  Settings,
  | 'HTTP_HEADER_BYTES'
  | 'HTTP_HEADERS_SECONDS'
  | 'HTTP_KEEPALIVE_SECONDS'
  | 'HTTP_IDLE_SECONDS'
  | 'HTTP_CONNECTIONS_MOST'
>;

/** HTTPS with a certificate, HTTP without. */
export function createHttpServers(limits: HttpLimits, certificate?: Certificate): HttpServers {
  const secure = certificate !== undefined;
  const secureServers: SecureServer[] = [];
  const connections = new Set<Socket>();
  const served = new Set<Socket>();
  const refused = new WeakSet<Socket>();

  function admit(socket: Socket): void {
    if (served.size >= limits.HTTP_CONNECTIONS_MOST) {
      refused.add(socket);
      return;
    }
    served.add(socket);
    socket.once('close', () => served.delete(socket));
  }

  function make(handler: RequestListener): Server {
    const options = nodeOptions(limits);
    if (certificate === undefined) return createServer(options, handler);
    const handshakeTimeout = limits.HTTP_HEADERS_SECONDS * 1000;
    const server = createSecureServer({ ...options, ...tlsOptions(certificate), handshakeTimeout }, handler);
    secureServers.push(server);
    return server;
  }

  return {
    secure,
    get open() {
      return connections.size;
    },
    create(handle) {
      const handler: RequestListener = (request, response) => {
        if (refused.has(request.socket)) answerBare(response, new Problem('too_many_connections'), secure);
        else handle(request, response);
      };
      const server = make(handler);
      server.setTimeout(limits.HTTP_IDLE_SECONDS * 1000);
      server.maxConnections = limits.HTTP_CONNECTIONS_MOST + toldConnections;
      server.on('connection', (socket: Socket) => {
        connections.add(socket);
        socket.once('close', () => connections.delete(socket));
      });
      server.on(secure ? 'secureConnection' : 'connection', admit);
      // An expectation that is not understood may be ignored (RFC 9110, 10.1.1).
      server.on('checkExpectation', handler);
      server.on('connect', (request, socket) => {
        const path = String(request.url).slice(0, 200);
        answerSocket(socket, new Problem('route_not_found', { method: 'CONNECT', path }), secure);
      });
      return server;
    },
    renew(renewed) {
      for (const server of secureServers) server.setSecureContext(tlsOptions(renewed));
    },
    cut() {
      for (const socket of connections) socket.destroy();
    },
  };
}

function nodeOptions(limits: HttpLimits): ServerOptions {
  return {
    maxHeaderSize: limits.HTTP_HEADER_BYTES,
    headersTimeout: limits.HTTP_HEADERS_SECONDS * 1000,
    keepAliveTimeout: limits.HTTP_KEEPALIVE_SECONDS * 1000,
    connectionsCheckingInterval: lookEveryMs,
    // No limit on a whole request: an upload takes as long as it takes. JSON bodies have one of their own.
    requestTimeout: 0,
    // Node would answer without our envelope; request-input.ts refuses it.
    requireHostHeader: false,
  };
}
