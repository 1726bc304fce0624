/**
 * One keeper for each DATA_DIR. The lock is a socket in Linux's abstract namespace: it has no file that
 * could be left behind, and is free the moment its holder is gone, however it ended.
 */
import { createHash } from 'node:crypto';
import { connect, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { EmbeddedDatabaseError } from './problem.ts';

export interface Lock {
  /** From now on, who asks is told to wait instead of to go away. */
  stopping(): void;
  release(): void;
}

const retryMs = 50;

/**
 * Takes the lock of `folder` (absolute, real). A holder that is stopping is waited for; a holder that
 * runs makes this throw EmbeddedDatabaseError.
 */
export async function takeLock(folder: string, shownAs: string, signal: AbortSignal): Promise<Lock> {
  const address = addressOf(folder);
  for (;;) {
    const lock = await tryLock(address);
    if (lock) return lock;
    if ((await ask(address)) === 'running')
      throw new EmbeddedDatabaseError(
        `${shownAs} is in use by another running start; stop that one or give another DATA_DIR`,
      );
    await delay(retryMs, undefined, { signal });
  }
}

/** What the holder of the lock of `folder` (absolute, real) does; `gone` when there is none. */
export function holderOf(folder: string): Promise<string> {
  return ask(addressOf(folder));
}

function addressOf(folder: string): string {
  return `\0osimage-export-${createHash('sha256').update(folder).digest('hex')}`;
}

function tryLock(address: string): Promise<Lock | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<Lock | undefined>();
  let state = 'running';
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.end(state);
  });
  server.on('error', (error: NodeJS.ErrnoException) =>
    error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
  );
  server.listen({ path: address }, () => {
    server.unref();
    resolve({
      stopping: () => {
        state = 'stopping';
      },
      release: () => void server.close(),
    });
  });
  return promise;
}

function ask(address: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let answer = '';
  connect({ path: address })
    .setEncoding('utf8')
    .on('data', (text) => {
      answer += text;
    })
    .on('error', () => resolve('gone'))
    .on('close', () => resolve(answer));
  return promise;
}
