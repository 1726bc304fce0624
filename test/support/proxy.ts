/** A TCP proxy on loopback that can go silent or break its connections. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Test } from 'tap';

export interface Proxy {
  readonly port: number;
  /** Connections that were made so far. */
  readonly accepted: number;
  /** Sockets that are open now, on both sides. */
  readonly open: number;
  freeze(): void;
  /** As freeze, and what is sent fills the buffers on the way until no more is taken. */
  hold(): void;
  /** Freezes by itself, once, when this many bytes have come from the server. */
  freezeAfter(bytes: number): void;
  drop(): void;
  /** True: a server that cannot be reached: whatever is open breaks, and so does each new connection. False: as before. */
  cut(on: boolean): void;
  /**
   * True: a network that swallows everything, connections to be made as well, and tells neither side that the other one
   * gave up. False: as before, for new connections; the old ones stay dead.
   */
  silence(on: boolean): void;
}

/** `to` is a port on loopback, or the path of a Unix socket. */
export async function startProxy(t: Test, to: number | string): Promise<Proxy> {
  const sockets = new Set<Socket>();
  const nearOnes = new Set<Socket>();
  let accepted = 0;
  let untilFrozen = Number.POSITIVE_INFINITY;
  let silent = false;
  let isCut = false;
  const swallowed = new Set<Socket>();
  const listener = createServer((near) => {
    accepted += 1;
    if (isCut) return near.on('error', () => undefined).resetAndDestroy();
    if (silent) {
      sockets.add(near.resume());
      near.on('error', () => undefined).on('close', () => sockets.delete(near));
      return;
    }
    const far = typeof to === 'number' ? connect(to, '127.0.0.1') : connect(to);
    nearOnes.add(near.on('close', () => nearOnes.delete(near)));
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    }
    near.pipe(far);
    far.pipe(near);
    far.on('data', (bytes: Buffer) => {
      untilFrozen -= bytes.length;
      if (untilFrozen > 0) return;
      untilFrozen = Number.POSITIVE_INFINITY;
      freeze();
    });
    near.on('close', () => swallowed.has(near) || far.destroy());
    far.on('close', () => swallowed.has(near) || near.destroy());
  }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const freeze = () => {
    // The near ones go on reading, into nothing, or their end would not be seen.
    for (const socket of sockets) socket.unpipe().pause();
    for (const near of nearOnes) near.resume();
  };
  const drop = () => {
    for (const socket of sockets) socket.destroy();
  };
  t.teardown(() => {
    drop();
    listener.close();
  });
  return {
    port: (listener.address() as AddressInfo).port,
    get accepted() {
      return accepted;
    },
    get open() {
      return sockets.size;
    },
    freeze,
    hold() {
      for (const socket of sockets) socket.unpipe().pause();
    },
    freezeAfter(bytes) {
      untilFrozen = bytes;
    },
    drop,
    cut(on) {
      isCut = on;
      if (on) drop();
    },
    silence(on) {
      silent = on;
      if (!on) return;
      for (const near of nearOnes) swallowed.add(near);
      freeze();
    },
  };
}
