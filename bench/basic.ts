/**
 * `npm run bench:basic [-- SECONDS]`: requests a second with HTTP Basic on every one, as scripts send them, on the
 * real gateway with its database. The load comes from autocannon on the same machine. Prints the machine, how busy
 * it was with other things, and a line for each number of connections.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startEmbedded } from '@osimage/database';
import { startService } from '../scripts/service-process.ts';

const run = promisify(execFile);
const seconds = Number(process.argv[2] ?? 10);
const user = 'USERID';
const password = 'password-of-the-bench';
const target = 2_000;

interface Result {
  requests: { average: number };
  latency: { p50: number; p99: number };
  non2xx: number;
  errors: number;
}

const cleanUps: (() => Promise<unknown>)[] = [];
try {
  const load = loadavg()[0] ?? 0;
  const url = await startGateway();
  await measure(url, 10, 2);
  console.log(
    `${cpus().length} × ${cpus()[0]?.model}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`,
  );
  console.log(
    `load before: ${load.toFixed(1)}; autocannon runs on the same cores; GET /aicc for ${seconds} s each`,
  );
  console.log('connections  requests/s  p50 ms  p99 ms');
  let best = 0;
  for (const connections of [1, 10, 50]) {
    const { requests, latency, non2xx, errors } = await measure(url, connections, seconds);
    if (non2xx || errors) throw new Error(`${non2xx} answers were no success, ${errors} requests failed`);
    best = Math.max(best, requests.average);
    const row = [connections, Math.round(requests.average), latency.p50, latency.p99];
    const widths = [11, 12, 8, 8];
    console.log(row.map((value, place) => String(value).padStart(widths[place] ?? 0)).join(''));
  }
  console.log(`target: ${target} a second; ${best >= target ? 'reached' : 'NOT reached'}`);
  process.exitCode = best >= target ? 0 : 1;
} finally {
  for (const cleanUp of cleanUps.reverse()) await cleanUp();
}

async function startGateway(): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'osimage-bench-'));
  cleanUps.push(() => rm(dataDir, { recursive: true, force: true }));
  const database = await startEmbedded({
    dataDir: await mkdtemp(join(tmpdir(), 'osimage-bench-')),
    temporary: true,
  });
  cleanUps.push(() => database.stop());
  const gateway = await startService('gateway', {
    env: {
      PATH: process.env.PATH,
      DATABASE_URL: database.url,
      DATA_DIR: dataDir,
      ADMIN_USER: user,
      ADMIN_PASSWORD: password,
      GATEWAY_PORT: '0',
      LOG_LEVEL: 'warn',
    },
  });
  cleanUps.push(() => gateway.stop(20_000));
  return gateway.ready.url ?? '';
}

async function measure(url: string, connections: number, duration: number): Promise<Result> {
  const program = fileURLToPath(import.meta.resolve('autocannon'));
  const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  const args = [
    '-j',
    '-c',
    String(connections),
    '-d',
    String(duration),
    '-H',
    `authorization=${authorization}`,
  ];
  const { stdout } = await run(process.execPath, [program, ...args, `${url}/aicc`], { maxBuffer: 2 ** 24 });
  return JSON.parse(stdout) as Result;
}
