/**
 * Requests at even distances, whatever becomes of the ones before. autocannon keeps a rate by sending all of a second at
 * its beginning, which measures how fast a burst is worked off.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { Pool } from 'undici';
import type { LoadOrder } from './load.ts';

/** Milliseconds from when each request was due, in the order of the answers, and how many of them were no success. */
export interface Steady {
  readonly latencies: number[];
  readonly failed: number;
  /** Seconds until the last answer. */
  readonly seconds: number;
}

/** Not counted: connections are opened, and this process compiles its code. */
const leadInSeconds = 1;

/**
 * Sends `rate` requests a second, in turn over `paths`; those for which no connection is free wait, and that counts.
 * What is due in the first second does not.
 */
export async function sendSteadily(order: LoadOrder, rate: number): Promise<Steady> {
  const { url, authorization, paths, load } = order;
  const pool = new Pool(url, { connections: load.connections, pipelining: 1 });
  const latencies: number[] = [];
  let failed = 0;
  const send = async (path: string, due: number) => {
    const answer = await pool.request({ method: 'GET', path, headers: { authorization } });
    await answer.body.dump();
    if (due >= counted) latencies.push(performance.now() - due);
    if (answer.statusCode < 200 || answer.statusCode > 299) failed++;
  };
  const begin = performance.now();
  const counted = begin + leadInSeconds * 1_000;
  const sent: Promise<void>[] = [];
  const count = rate * (leadInSeconds + load.seconds);
  while (sent.length < count) {
    for (;;) {
      const due = begin + (sent.length * 1_000) / rate;
      if (sent.length === count || due > performance.now()) break;
      sent.push(send(paths[sent.length % paths.length]!, due).catch(() => void failed++));
    }
    await pause(1);
  }
  await Promise.all(sent);
  const seconds = (performance.now() - counted) / 1_000;
  await pool.close();
  return { latencies, failed, seconds };
}
