/** The real services as real processes, on free ports, with a database and a data folder of their own. */
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { request as secureRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Database } from '@osimage/database';
import type { Test } from 'tap';
import { type ServiceName, type ServiceProcess, startService } from '../../scripts/service-process.ts';
import { RestClient } from './client.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { bareEnvironment } from './environment.ts';

export const adminUser = 'USERID';
export const adminPassword = 'Passw0rd-of-the-tests';

interface RunningService {
  readonly pid: number;
  /** Sends a signal and waits until the process is gone. */
  kill(signal: NodeJS.Signals): Promise<void>;
}

interface RunningPackager extends RunningService {
  /** host:port of its gRPC server. */
  readonly address: string;
}

interface RunningGateway extends RunningService {
  readonly url: string;
}

export interface RunningServices {
  /** Of the gateway. */
  readonly url: string;
  /** Signed in as the administrator. */
  readonly client: RestClient;
  readonly db: Database;
  readonly databaseUrl: string;
  readonly dataDir: string;
  readonly packagers: RunningPackager[];
  readonly gateway: RunningGateway;
  /** Starts one more; the gateway does not know it, the queue does. */
  addPackager(env?: NodeJS.ProcessEnv, checkout?: string): Promise<RunningPackager>;
  /** Starts one more, which knows the same packagers. `checkout`: the folder of another version whose it is. */
  addGateway(env?: NodeJS.ProcessEnv, checkout?: string): Promise<RunningGateway>;
  /** GET of a path sent exactly as it is written, with the administrator's name and password. */
  rawGet(
    path: string,
    headers?: Record<string, string>,
  ): Promise<{ status: number; headers: IncomingMessage['headers']; body: string }>;
  /** All that the services have logged so far. */
  logs(): Promise<string>;
}

export interface ServicesOptions {
  /** How many packagers are started, which the gateway knows. */
  packagers?: number;
  /** host:port of more that it knows, to be started later. */
  laterPackagers?: readonly string[];
  env?: NodeJS.ProcessEnv;
  /** Instead of a new one. */
  database?: TestDatabase;
  /** For packagers only. */
  packagerEnv?: NodeJS.ProcessEnv;
  /** Folder of another version whose services these are. */
  checkout?: string;
}

const stopMs = 20_000;

/** Starts gateway and packagers for the test `t` and stops them at its end; a failed test prints their logs. */
export async function startServices(t: Test, options: ServicesOptions = {}): Promise<RunningServices> {
  const { url: databaseUrl, db } = options.database ?? (await createTestDatabase(t));
  const dataDir = await mkdtemp(join(tmpdir(), 'osimage-services-'));
  t.teardown(() => rm(dataDir, { recursive: true, force: true }));
  const logFile = join(dataDir, 'services.log');
  const log = openSync(logFile, 'a');
  const logs = () => readFile(logFile, 'utf8');
  t.teardown(async () => {
    closeSync(log);
    if (!t.passing()) process.stderr.write(await logs());
  });
  const env: NodeJS.ProcessEnv = {
    ...bareEnvironment(),
    DATABASE_URL: databaseUrl,
    DATA_DIR: dataDir,
    PACKAGER_LISTEN: '127.0.0.1:0',
    GATEWAY_PORT: '0',
    ADMIN_USER: adminUser,
    ADMIN_PASSWORD: adminPassword,
    DRAIN_SECONDS: '1',
    ...options.env,
  };
  const start = async (
    name: ServiceName,
    more: NodeJS.ProcessEnv,
    checkout = options.checkout,
  ): Promise<ServiceProcess> => {
    const service = await startService(name, {
      env: { ...env, ...more },
      stdout: log,
      stderr: log,
      ...(checkout !== undefined && { checkout }),
    });
    t.teardown(() => service.stop(stopMs));
    return service;
  };
  const addPackager = async (more: NodeJS.ProcessEnv = {}, checkout?: string): Promise<RunningPackager> => {
    const { pid, ready, kill } = await start('packager', { ...options.packagerEnv, ...more }, checkout);
    const packager = { pid, address: ready.address ?? '', kill };
    packagers.push(packager);
    return packager;
  };
  const packagers: RunningPackager[] = [];
  for (let left = options.packagers ?? 1; left > 0; left -= 1) await addPackager();
  // gRPC's own form for several addresses.
  const addresses = [...packagers.map(({ address }) => address), ...(options.laterPackagers ?? [])];
  const known = `ipv4:${addresses.join(',')}`;
  const addGateway = async (more: NodeJS.ProcessEnv = {}, checkout?: string): Promise<RunningGateway> => {
    const { pid, ready, kill } = await start('gateway', { PACKAGER_ADDRESS: known, ...more }, checkout);
    return { pid, kill, url: ready.url ?? '' };
  };
  const gateway = await addGateway();
  const { url } = gateway;
  const client = new RestClient(url, adminUser, adminPassword);
  return {
    url,
    client,
    db,
    databaseUrl,
    dataDir,
    packagers,
    gateway,
    addPackager,
    addGateway,
    rawGet: (path, headers = {}) => rawGet(url, path, { ...client.headers, ...headers }),
    logs,
  };
}

async function rawGet(url: string, path: string, headers: Record<string, string>) {
  const { protocol, hostname, port } = new URL(url);
  const send = protocol === 'https:' ? secureRequest : request;
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  send({ hostname, port, path, headers }, resolve).on('error', reject).end();
  const answer = await promise;
  let body = '';
  for await (const text of answer.setEncoding('utf8')) body += text;
  return { status: answer.statusCode ?? 0, headers: answer.headers, body };
}
