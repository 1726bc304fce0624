/** Answers written without Fastify, to what never becomes one of its requests; in the envelope all the same. */
import { Buffer } from 'node:buffer';
import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { Problem, systemCode } from '@osimage/errors';
import { failure } from '../answers.ts';
import { securityHeaders } from './security-headers.ts';

/** Tells why and closes the connection. */
export function answerBare(response: ServerResponse, problem: Problem, secure: boolean): void {
  const { headers, body } = render(problem, secure);
  response.writeHead(problem.entry.http, headers).end(body);
}

/** The same on a connection whose request was not understood. */
export function answerSocket(socket: Duplex, problem: Problem, secure: boolean): void {
  const { headers, body } = render(problem, secure);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const status = problem.entry.http;
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`);
}

/** What was wrong with a request that Node could not read; undefined when nobody is there to be told. */
export function problemOfParser(error: unknown, headerBytes: number): Problem | undefined {
  const code = systemCode(error) ?? '';
  if (code === 'HPE_HEADER_OVERFLOW') return new Problem('headers_too_large', { limit: headerBytes });
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new Problem('request_too_slow');
  // Anything else, such as a failed handshake, happened below HTTP.
  if (code.startsWith('HPE_')) return new Problem('invalid_request', { detail: 'The request is not HTTP.' });
  return undefined;
}

function render(problem: Problem, secure: boolean): { headers: Record<string, string>; body: string } {
  const body = JSON.stringify(failure(problem));
  const headers = {
    ...securityHeaders(secure),
    'cache-control': 'no-store',
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(Buffer.byteLength(body)),
    ...(problem.entry.http === 503 && { 'retry-after': '2' }),
    connection: 'close',
  };
  return { headers, body };
}
