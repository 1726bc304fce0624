/** How long a request may take to arrive: a JSON body has its time, and nobody sends for ever after the answer. */
import { Socket } from 'node:net';
import { Problem } from '@osimage/errors';
import type { FastifyRequest } from 'fastify';
import type { App } from '../app-types.ts';

/**
 * What comes after an answer is read and thrown away, so that a client which is still sending sees the answer.
 * A known user's upload that was refused may go on for as long as a large one takes; a stranger's may not.
 */
const readOnMs = { user: 15 * 60_000, stranger: 30_000 };

/** Uploads are not JSON and take as long as they take: their lease ends silent ones. */
const upload = /^\s*multipart\//i;

export function registerBodyTime(app: App, bodySeconds: number): void {
  app.addHook('preParsing', async (request, reply, payload) => {
    if (!isArriving(request) || upload.test(request.headers['content-type'] ?? '')) return payload;
    const timer = setTimeout(() => {
      // Fastify listens while it reads the body, and answers with what it is told.
      if (payload.listenerCount('error') > 0) payload.emit('error', new Problem('request_too_slow'));
    }, bodySeconds * 1000);
    const stop = () => clearTimeout(timer);
    payload.once('end', stop).once('close', stop);
    // Of a body that was refused before its end comes neither.
    reply.raw.once('close', stop);
    return payload;
  });
  app.addHook('onResponse', async (request) => {
    if (isArriving(request)) cutLater(request);
  });
}

/** Whether there is a body of which more must come over a connection. */
function isArriving({ raw, headers }: FastifyRequest): boolean {
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  return hasBody && !raw.complete && raw.socket instanceof Socket;
}

function cutLater({ raw, user }: FastifyRequest): void {
  const { socket } = raw;
  const timer = setTimeout(() => socket.destroy(), user === undefined ? readOnMs.stranger : readOnMs.user);
  const stop = () => clearTimeout(timer);
  raw.once('end', stop);
  socket.once('close', stop);
}
