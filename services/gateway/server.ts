/** The HTTP server and its limits. Each limit has a name; none depends on who asks. */
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { Problem, systemCode } from '@osimage/errors';
import type { Logger } from '@osimage/telemetry';
import { type FastifyBaseLogger, fastify, LogController } from 'fastify';
import { failure } from './answers.ts';
import { answerProblem } from './error-answers.ts';

/** A JSON body at most. Uploads are streamed and have no limit of this kind. */
const jsonBytes = 1024 * 1024;
/** A path parameter at most: lists hold many ids of up to 200 characters. */
const parameterLength = 16_384;
/** Request line and headers together, at most. */
const headerBytes = 48 * 1024;
/** A connection on which nothing moves in either direction for this long is closed. */
const silentConnectionMs = 10 * 60_000;
/** Between two requests of one connection. Longer than the minute proxies keep theirs. */
const keepAliveMs = 72_000;
/** The headers must have arrived within this time. */
const headersMs = 30_000;

/** Gives Fastify with our limits, request ids and the answers to requests that reach no route. */
export function createServer(log: Logger) {
  const app = fastify({
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    genReqId: () => randomBytes(9).toString('base64url'),
    bodyLimit: jsonBytes,
    connectionTimeout: silentConnectionMs,
    keepAliveTimeout: keepAliveMs,
    // No limit on a whole request: an upload takes as long as it takes.
    requestTimeout: 0,
    http: { maxHeaderSize: headerBytes, headersTimeout: headersMs },
    forceCloseConnections: 'idle',
    // HEAD must never start an export (contract, 7.1); routes that can answer it say so themselves.
    exposeHeadRoutes: false,
    routerOptions: {
      // `POST /osImages/?…` is `POST /osImages?…`, without a redirect (contract, 1.7).
      ignoreTrailingSlash: true,
      maxParamLength: parameterLength,
    },
    frameworkErrors: (error, request, reply) => void answerProblem(error, request, reply),
    clientErrorHandler: answerBrokenRequest,
  });
  return app;
}

/** Answers what is not HTTP at all, or too large to be read. Such a request never becomes one of ours. */
function answerBrokenRequest(error: Error, socket: Socket): void {
  if (socket.destroyed || systemCode(error) === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const tooLarge = systemCode(error) === 'HPE_HEADER_OVERFLOW';
  const late = systemCode(error) === 'ERR_HTTP_REQUEST_TIMEOUT';
  const status = tooLarge
    ? '431 Request Header Fields Too Large'
    : late
      ? '408 Request Timeout'
      : '400 Bad Request';
  const detail = tooLarge
    ? `The address and the headers are larger than ${headerBytes} bytes together.`
    : late
      ? 'The request did not arrive in time.'
      : 'The request is not HTTP.';
  const body = JSON.stringify(failure(new Problem('invalid_request', { detail })));
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
