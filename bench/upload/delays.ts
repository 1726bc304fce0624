/** One file to one server, over links of several delays, by us and by the peers, in turn. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { SftpServer } from '../../samples/sftp-server.ts';
import type { Bench } from '../measure.ts';
import { withMemory } from '../memory.ts';
import { type Product, secondsOf } from '../product.ts';
import { ceilingOf, startLink } from './link.ts';
import { type Cost, peers, timed } from './peers.ts';

export const ours = 'osimage-export';

export interface Case {
  readonly product: Product;
  readonly server: SftpServer;
  readonly key: string;
  readonly profileId: string;
  /** Path of the same bytes for the peers. */
  readonly archive: string;
  /** Round trips, milliseconds. */
  readonly delays: readonly number[];
  readonly peers: readonly string[];
}

export interface DelayResult {
  readonly rttMs: number;
  /** What the link itself lets through, bytes a second. */
  readonly ceiling: number;
  /** Most resident memory of the packager above its idle one, bytes. */
  readonly memory: number;
  readonly costs: Readonly<Record<string, readonly Cost[]>>;
}

export async function measureDelays(bench: Bench, test: Case): Promise<DelayResult[]> {
  const results: DelayResult[] = [];
  for (const rttMs of test.delays) results.push(await measureDelay(bench, test, rttMs));
  return results;
}

async function measureDelay(bench: Bench, test: Case, rttMs: number): Promise<DelayResult> {
  const { archive, key, product, profileId, server } = test;
  const ceiling = await ceilingOf(rttMs, 4 * 2 ** 30);
  bench.say(`${rttMs} ms: the link itself lets ${Math.round(ceiling / 1e6)} MB/s through`);
  const link = await startLink(server.port, rttMs);
  const serverId = await profileOf(test, link.port);
  const costs: Record<string, Cost[]> = Object.fromEntries([ours, ...test.peers].map((name) => [name, []]));
  let memory = 0;
  try {
    // The first turn only warms up: ours for each delay, since it stays the same process, theirs once.
    for (let turn = 0; turn <= bench.runs; turn += 1) {
      for (const name of [ours, ...(turn > 0 || rttMs === test.delays[0] ? test.peers : [])]) {
        const to = join(server.folder, `${turn}-${rttMs}.tar.gz`);
        const cost =
          name === ours
            ? await exportTo(to)
            : await timed(peers[name]!({ server, port: link.port, key }, archive, to));
        bench.say(
          `${rttMs} ms, run ${turn}: ${name} ${cost.seconds.toFixed(2)} s, ${cost.cpuSeconds.toFixed(2)} s of processor`,
        );
        if (turn > 0) costs[name]?.push(cost);
        await rm(to);
        await rm(`${to}.sha256`, { force: true });
      }
    }
  } finally {
    await link.close();
  }
  await product.client.ok('DELETE', `/osImages/remoteFileServers/${serverId}`, {});
  return { rttMs, ceiling, memory, costs };

  async function exportTo(path: string): Promise<Cost> {
    const before = await cpuSeconds(product.packagerPid);
    const { result: seconds, above } = await withMemory(product.packagerPid, async () => {
      const { jobID } = await product.client.export(
        profileId,
        `?serverId=${serverId}&path=${encodeURIComponent(path)}`,
      );
      return await secondsOf(product, jobID);
    });
    memory = Math.max(memory, above);
    return { seconds, cpuSeconds: (await cpuSeconds(product.packagerPid)) - before };
  }
}

async function profileOf({ product, server }: Case, port: number): Promise<string> {
  const { serverId } = await product.client.ok<{ serverId: string }>('POST', '/osImages/remoteFileServers', {
    displayName: `link ${port}`,
    address: '127.0.0.1',
    port,
    protocol: 'SFTP',
    username: server.username,
    password: server.password,
  });
  return serverId;
}

/** Processor time of a process and its threads so far; a tick is 10 ms on Linux. */
async function cpuSeconds(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\) /, '').split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
