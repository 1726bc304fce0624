/** Fastify with our limits, request ids and the answers to requests that reach no route. */
import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Settings } from '@osimage/settings';
import type { Logger } from '@osimage/telemetry';
import { type FastifyBaseLogger, fastify, LogController } from 'fastify';
import { answerProblem } from './error-answers.ts';
import { answerSocket, problemOfParser } from './transport/bare-answer.ts';
import type { HttpServers } from './transport/http-servers.ts';

/** A path parameter at most: lists hold many ids of up to 200 characters. */
const parameterLength = 16_384;

/** `servers` makes what listens; limits on connections and headers are there. */
export function createServer(settings: Settings, log: Logger, servers: HttpServers) {
  const answerBroken = (error: Error, socket: Socket) => {
    const problem = problemOfParser(error, settings.HTTP_HEADER_BYTES);
    if (problem === undefined || socket.destroyed || !socket.writable) socket.destroy();
    else answerSocket(socket, problem, servers.secure);
  };
  const app = fastify({
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    genReqId: () => randomUUID(),
    bodyLimit: settings.HTTP_BODY_BYTES,
    // Nobody's word counts for where a request comes from, unless proxies are named.
    trustProxy: settings.TRUST_PROXY.length > 0 ? settings.TRUST_PROXY : false,
    serverFactory: (handler) => servers.create(handler),
    forceCloseConnections: 'idle',
    // While it stops, a request that still comes on an open connection is answered, and is the last one there.
    return503OnClosing: false,
    // HEAD must never start an export (contract, 7.1); routes that can answer it say so themselves.
    exposeHeadRoutes: false,
    routerOptions: {
      // `POST /osImages/?…` is `POST /osImages?…`, without a redirect (contract, 1.7).
      ignoreTrailingSlash: true,
      maxParamLength: parameterLength,
    },
    frameworkErrors: (error, request, reply) => void answerProblem(error, request, reply),
    clientErrorHandler: answerBroken,
  });
  return app;
}
