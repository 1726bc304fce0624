/** The delay link in a process of its own, and how much it lets through. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface Link {
  readonly port: number;
  close(): Promise<void>;
}

/** Starts a link to a port of loopback. `rttMs`: milliseconds. */
export async function startLink(to: number, rttMs: number): Promise<Link> {
  const program = join(import.meta.dirname, '../delay-proxy.ts');
  const child = spawn(process.execPath, [program, '--to', String(to), '--rtt', String(rttMs)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return {
    port: (JSON.parse(line) as { port: number }).port,
    async close() {
      child.stdin.end();
      await once(child, 'exit');
    },
  };
}

/** Bytes a second of one TCP connection that does nothing but send `bytes` through a link with this delay. */
export async function ceilingOf(rttMs: number, bytes: number): Promise<number> {
  const sink = createServer((socket) => socket.on('end', () => socket.end()).resume());
  await once(sink.listen(0, '127.0.0.1'), 'listening');
  const link = await startLink((sink.address() as AddressInfo).port, rttMs);
  try {
    const started = performance.now();
    const socket = connect({ port: link.port, host: '127.0.0.1' });
    const block = Buffer.alloc(1024 * 1024);
    for (let sent = 0; sent < bytes; sent += block.length)
      if (!socket.write(block)) await once(socket, 'drain');
    socket.end().resume();
    await once(socket, 'close');
    return (bytes / (performance.now() - started)) * 1000;
  } finally {
    await link.close();
    sink.close();
  }
}
