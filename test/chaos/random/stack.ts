/** What a random run is done to: two gateways, two packagers, and everything around them behind proxies of ours. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { SftpServer } from '../../../samples/sftp-server.ts';
import { freePort } from '../../support/daemon.ts';
import { type Proxy as Link, startProxy } from '../../support/proxy.ts';
import { adminPassword, adminUser, startServices } from '../../support/services.ts';
import { type SmallDisk, smallDisk } from '../../support/small-disk.ts';
import { startSshd } from '../../support/sshd.ts';
import { type Cluster, startCluster, throughProxy } from '../cluster.ts';
import { FleetClient } from '../fleet-client.ts';
import { type Jobs, prepareJobs } from '../job-kinds.ts';
import { watchRows } from '../row-watch.ts';
import { Member } from './member.ts';

/** Of what a run leaves in the store, a step brings 1 MiB on average; the disk is only to be full when a fault fills it. */
const diskMibOfStep = 1.5;
const diskMib = { least: 512, most: 4096 };

export interface Stack {
  readonly cluster: Cluster;
  readonly sftp: SftpServer;
  readonly storeRoot: string;
  /** Undefined where this machine lets us mount none. */
  readonly disk: SmallDisk | undefined;
  readonly proxies: { readonly gateways: Link; readonly packagers: Link; readonly sftp: Link };
  readonly gateways: readonly Member[];
  readonly packagers: readonly Member[];
  readonly client: FleetClient;
  readonly jobs: Jobs;
  violations(): Promise<string[]>;
}

/** Starts everything for `t`, for a run of so many steps; undefined: skipped for want of OpenSSH. */
export async function startStack(t: Test, steps: number): Promise<Stack | undefined> {
  const sftp = await startSshd(t);
  if (sftp === undefined) return undefined;
  const cluster = await startCluster(t);
  const dataDir = await mkdtemp(join(tmpdir(), 'osimage-random-'));
  t.teardown(() => rm(dataDir, { recursive: true }));
  const mib = Math.min(diskMib.least + Math.ceil(steps * diskMibOfStep), diskMib.most);
  const disk = await smallDisk(t, mib, join(dataDir, 'store'));
  const proxies = {
    gateways: await startProxy(t, cluster.socket),
    packagers: await startProxy(t, cluster.socket),
    sftp: await startProxy(t, sftp.port),
  };
  const listen = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
  const services = await startServices(t, {
    database: cluster,
    packagers: 0,
    laterPackagers: listen,
    env: {
      DATABASE_URL: throughProxy(cluster.url, proxies.gateways),
      DATA_DIR: dataDir,
      STORE_RESERVE_BYTES: String(8 * 1024 * 1024),
      // What a broken upload leaves is given up while the run still waits.
      UPLOAD_LEASE: '20',
    },
    packagerEnv: { DATABASE_URL: throughProxy(cluster.url, proxies.packagers) },
  });
  const packagers: Member[] = [];
  for (const [index, address] of listen.entries()) {
    const start = () => services.addPackager({ PACKAGER_LISTEN: address });
    packagers.push(new Member(`packager ${index + 1}`, await start(), start));
  }
  const running = [services.gateway, await services.addGateway()];
  const gateways = running.map((gateway, index) => {
    const start = () => services.addGateway({ GATEWAY_PORT: new URL(gateway.url).port });
    return new Member(`gateway ${index + 1}`, gateway, start);
  });
  const urls = running.map(({ url }) => url);
  const client = new FleetClient(t, urls, adminUser, adminPassword);
  const violations = await watchRows(cluster.db);
  const jobs = await prepareJobs(t, client, sftp, { port: proxies.sftp.port, bytesPerSecond: 1_000_000 });
  const storeRoot = join(dataDir, 'store');
  return { cluster, sftp, storeRoot, disk, proxies, gateways, packagers, client, jobs, violations };
}
