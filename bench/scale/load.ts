/** Load from a process of its own on the same machine: many different requests, in turn. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';

export interface Load {
  readonly connections: number;
  readonly seconds: number;
  /** Requests a second of all connections together, however fast answers come; absent: as fast as they come. */
  readonly rate?: number;
}

export interface LoadOrder {
  readonly url: string;
  readonly authorization: string;
  readonly paths: readonly string[];
  readonly load: Load;
}

export interface Answers {
  /** Successes a second. */
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly longest: number;
  /** Answers that were no success, and requests without an answer. */
  readonly failed: number;
}

/**
 * Sends GET requests to the paths, in turn, over and over. At a fixed rate the time counts from when a request was due (no
 * coordinated omission). Throws when an answer is no success.
 */
export async function get(order: LoadOrder): Promise<Answers> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'load-process.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  child.stdin.end(JSON.stringify(order));
  const answers = (await json(child.stdout)) as Answers;
  await exited;
  if (answers.failed > 0) throw new Error(`${answers.failed} requests had no success`);
  return answers;
}
