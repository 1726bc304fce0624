/**
 * Requests at even distances, whatever becomes of the ones before. autocannon keeps a rate by sending all of a second at
 * its beginning, which measures how fast a burst is worked off. Written to sockets directly: a client library takes as much
 * of the two cores as the service.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { LoadOrder } from './load.ts';

export interface Steady {
  /** Milliseconds from when each request was due until its answer had come. */
  readonly latencies: number[];
  /** Answers that were no success. */
  readonly failed: number;
  /** From the first request that counts to the last answer. */
  readonly seconds: number;
}

interface Request {
  readonly bytes: Buffer;
  /** As performance.now(). */
  readonly due: number;
}

/** Not counted: connections are opened, and this process compiles its code. */
const leadInSeconds = 1;

/**
 * Sends `rate` requests a second, in turn over `paths`; those for which no connection is free wait, and that counts.
 * What is due in the first second does not. Fails when a connection is lost.
 */
export async function sendSteadily(order: LoadOrder, rate: number): Promise<Steady> {
  const { url, authorization, paths, load } = order;
  const { host, hostname, port } = new URL(url);
  const requests = paths.map((path) =>
    Buffer.from(`GET ${path} HTTP/1.1\r\nhost: ${host}\r\nauthorization: ${authorization}\r\n\r\n`),
  );
  const latencies: number[] = [];
  let failed = 0;
  const waiting: Request[] = [];
  const free = await Promise.all(
    Array.from({ length: load.connections }, () => openSocket(Number(port), hostname)),
  );
  const begin = performance.now();
  const counted = begin + leadInSeconds * 1_000;

  const send = (socket: Socket, { bytes, due }: Request) => {
    whenAnswered(socket, (status) => {
      if (due >= counted) latencies.push(performance.now() - due);
      if (status < 200 || status > 299) failed++;
      const next = waiting.shift();
      if (next) send(socket, next);
      else free.push(socket);
    });
    socket.write(bytes);
  };
  const count = rate * (leadInSeconds + load.seconds);
  for (let sent = 0; sent < count; ) {
    for (; sent < count; sent++) {
      const due = begin + (sent * 1_000) / rate;
      if (due > performance.now()) break;
      const request = { bytes: requests[sent % requests.length]!, due };
      const socket = free.shift();
      if (socket) send(socket, request);
      else waiting.push(request);
    }
    await pause(1);
  }
  while (free.length < load.connections) await pause(1);
  const seconds = (performance.now() - counted) / 1_000;
  for (const socket of free) socket.destroy();
  return { latencies, failed, seconds };
}

async function openSocket(port: number, host: string): Promise<Socket> {
  const socket = connect({ port, host, noDelay: true });
  await once(socket, 'connect');
  socket.once('end', () => {
    throw new Error('the service closed a connection');
  });
  return socket;
}

/** Calls `done` with the status once a whole answer with a Content-Length has come. */
function whenAnswered(socket: Socket, done: (status: number) => void): void {
  let answer = '';
  const onData = (part: Buffer) => {
    answer += part.toString('latin1');
    const headEnd = answer.indexOf('\r\n\r\n');
    if (headEnd < 0) return;
    const length = /\r\ncontent-length: (\d+)/i.exec(answer)?.[1];
    if (length === undefined) throw new Error('an answer without a length');
    if (answer.length < headEnd + 4 + Number(length)) return;
    socket.off('data', onData);
    done(Number(answer.slice(9, 12)));
  };
  socket.on('data', onData);
}
