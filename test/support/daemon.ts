/** A server program of other people, started for one test on loopback and ended with it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import type { Test } from 'tap';
import { until } from './until.ts';

export interface Daemon {
  /** To the program and everything it started. */
  signal(name: NodeJS.Signals): void;
  /** Kills what it started, for example one process a session; it goes on by itself. */
  killChildren(): void;
}

/** A port that is free now. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

/** Starts it in the foreground, in a process group of its own, and waits until `port` answers. */
export async function startDaemon(
  t: Test,
  program: string,
  options: readonly string[],
  port: number,
): Promise<Daemon> {
  const child = spawn(program, options, { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const ended = once(child, 'exit');
  const signal = (name: NodeJS.Signals) => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, name);
    } catch {
      // Gone already.
    }
  };
  const killWithUs = () => signal('SIGKILL');
  process.once('exit', killWithUs);
  t.teardown(async () => {
    signal('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await ended;
    process.removeListener('exit', killWithUs);
  });
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`${program} ended: ${said}`);
    return await answers(port);
  });
  const killChildren = () => {
    const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8');
    for (const pid of children.trim().split(' ')) if (pid !== '') process.kill(Number(pid), 'SIGKILL');
  };
  return { signal, killChildren };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
