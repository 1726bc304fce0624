/**
 * A long link on one machine: a TCP relay on loopback that hands every byte on half a round trip later, as many at once
 * as come. It delays and does not slow down: unlike a real link it has no window, no loss and no slow start of its own,
 * so what limits a transfer through it is what the two ends allow themselves.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface LinkOptions {
  /** Port on loopback where the server listens, also by the number of the connection, from 0. */
  readonly to: number | ((connection: number) => number);
  /** Round trip, milliseconds. */
  readonly rttMs: number;
  /** Of each direction, all connections together; undefined: as fast as it goes. */
  readonly bytesPerSecond?: number | undefined;
  /** Resets the connection that carries this byte to the server, counted over all of them; once. */
  readonly cutAfter?: number | undefined;
}

export interface DelayLink {
  readonly port: number;
  /** Connections made so far. */
  readonly accepted: number;
  /** Connections that are open now. */
  readonly open: number;
  /** Bytes that came from clients so far. */
  readonly sent: number;
  /** Resets a connection, counted from 0 in the order they were made. */
  cut(connection: number): void;
  close(): Promise<void>;
}

/** Bytes on their way in one direction of one connection; then the sender has to wait. */
const onTheWayAtMost = 128 * 1024 * 1024;

/** Starts the link on a free port of loopback. */
export async function startDelayLink({
  to,
  rttMs,
  bytesPerSecond,
  cutAfter,
}: LinkOptions): Promise<DelayLink> {
  const near = new Set<Socket>();
  const cuts: (() => void)[] = [];
  const pace = { there: pacer(bytesPerSecond), back: pacer(bytesPerSecond) };
  let accepted = 0;
  let sent = 0;
  let cutAt = cutAfter ?? Number.POSITIVE_INFINITY;
  const listener = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
    const port = typeof to === 'number' ? to : to(accepted);
    accepted += 1;
    const at = cuts.push(() => client.destroy()) - 1;
    near.add(client);
    client.on('close', () => near.delete(client)).on('error', () => undefined);
    client.pause();
    // Loopback has shaken hands already; on a real link the server hears of it after one and a half round trips.
    const timer = setTimeout(() => {
      const server = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
      server.on('error', () => undefined);
      const cut = () => {
        client.resetAndDestroy();
        server.resetAndDestroy();
      };
      cuts[at] = cut;
      client.on('data', (bytes: Buffer) => {
        sent += bytes.length;
        if (sent < cutAt) return;
        cutAt = Number.POSITIVE_INFINITY;
        cut();
      });
      relay(client, server, rttMs / 2, pace.there);
      relay(server, client, rttMs / 2, pace.back);
    }, 1.5 * rttMs);
    client.on('close', () => clearTimeout(timer));
  }).listen(0, '127.0.0.1', 1024);
  await once(listener, 'listening');
  return {
    port: (listener.address() as AddressInfo).port,
    get accepted() {
      return accepted;
    },
    get open() {
      return near.size;
    },
    get sent() {
      return sent;
    },
    cut: (connection) => cuts[connection]?.(),
    close: async () => {
      listener.close();
      for (const socket of near) socket.destroy();
      if (listener.listening) await once(listener, 'close');
    },
  };
}

/** When the last of so many bytes may leave, as milliseconds of the process. */
type Pace = (bytes: number) => number;

function pacer(bytesPerSecond: number | undefined): Pace {
  let free = 0;
  return (bytes) => {
    const now = performance.now();
    if (bytesPerSecond === undefined) return now;
    free = Math.max(free, now) + (bytes / bytesPerSecond) * 1000;
    return free;
  };
}

/** Hands what `from` sends on to `to`, `delayMs` later, its end too. */
function relay(from: Socket, to: Socket, delayMs: number, pace: Pace): void {
  // undefined is the end of the stream.
  const queue: { readonly due: number; readonly bytes: Buffer | undefined }[] = [];
  let queued = 0;
  let timer: NodeJS.Timeout | undefined;
  const deliver = () => {
    timer = undefined;
    const now = performance.now();
    let count = 0;
    to.cork();
    // A timer fires up to a millisecond late; what is due by then goes with it.
    for (const { due, bytes } of queue) {
      if (due > now + 0.5) break;
      count += 1;
      if (bytes === undefined) to.end();
      else {
        queued -= bytes.length;
        to.write(bytes);
      }
    }
    to.uncork();
    queue.splice(0, count);
    resume();
    schedule();
  };
  const schedule = () => {
    const first = queue[0];
    if (first !== undefined && timer === undefined)
      timer = setTimeout(deliver, Math.max(0, first.due - performance.now()));
  };
  const resume = () => {
    if (queued + to.writableLength < onTheWayAtMost && from.isPaused()) from.resume();
  };
  to.on('drain', resume);
  from.on('data', (bytes: Buffer) => {
    queue.push({ due: pace(bytes.length) + delayMs, bytes });
    queued += bytes.length;
    if (queued + to.writableLength >= onTheWayAtMost) from.pause();
    schedule();
  });
  from.on('end', () => {
    queue.push({ due: performance.now() + delayMs, bytes: undefined });
    schedule();
  });
  // A reset takes its time too. What was on the way before it gets through.
  from.on('close', (failed) => {
    if (failed || !from.readableEnded) setTimeout(() => to.destroy(), delayMs);
  });
  from.resume();
}
