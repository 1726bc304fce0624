/** A TCP way to a server on loopback that lets nobody through until it is opened, so that jobs are held at the server. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Test } from 'tap';

export interface Gate {
  readonly port: number;
  /** Connections that are open now. */
  readonly held: number;
  /** Lets through who waits and who comes. */
  open(): void;
}

/** Stands in front of `port`. */
export async function startGate(t: Test, port: number): Promise<Gate> {
  const sockets = new Set<Socket>();
  const waiting = new Set<Socket>();
  let isOpen = false;
  const pass = (near: Socket) => {
    const far = connect(port, '127.0.0.1').on('error', () => near.destroy());
    far.pipe(near);
    near.pipe(far);
    near.once('close', () => far.destroy());
    far.once('close', () => near.destroy());
  };
  const listener = createServer((near) => {
    sockets.add(near.on('error', () => {}));
    near.once('close', () => {
      sockets.delete(near);
      waiting.delete(near);
    });
    if (isOpen) pass(near);
    else waiting.add(near);
  }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    listener.close();
  });
  return {
    port: (listener.address() as AddressInfo).port,
    get held() {
      return sockets.size;
    },
    open() {
      isOpen = true;
      for (const near of waiting) pass(near);
      waiting.clear();
    },
  };
}
