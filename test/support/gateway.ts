/** The gateway's application on a database of its own, without processes: requests go in through `inject`. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashPassword } from '@osimage/accounts';
import { type Database, insertUser } from '@osimage/database';
import { connectPackager, type PackagingClient } from '@osimage/packaging-api';
import { loadSecretKey } from '@osimage/secrets';
import { loadSettings } from '@osimage/settings';
import { createLogger } from '@osimage/telemetry';
import type { Test } from 'tap';
import { type App, buildApp } from '../../services/gateway/app.ts';
import type { GatewayServices } from '../../services/gateway/services.ts';
import { createTestDatabase } from './database.ts';

export const userName = 'USERID';
export const userPassword = 'Passw0rd-of-the-tests';

/** The header of HTTP Basic. */
export function basic(name = userName, password = userPassword): { authorization: string } {
  return { authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` };
}

export interface TestGateway {
  app: App;
  db: Database;
  databaseUrl: string;
  services: GatewayServices;
  /** The headers of a signed-in supervisor. */
  headers: { authorization: string };
  /** Makes a user with the usual password; gives the headers. */
  addUser(name: string, role: string): Promise<{ authorization: string }>;
}

/** Makes it for `t`; without a packager, calls to one fail as when all of them are down. */
export async function createTestGateway(
  t: Test,
  options: { packager?: (databaseUrl: string) => Promise<PackagingClient>; env?: NodeJS.ProcessEnv } = {},
): Promise<TestGateway> {
  const { url: databaseUrl, db } = await createTestDatabase(t);
  const folder = await mkdtemp(join(tmpdir(), 'osimage-gateway-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const settings = loadSettings({ DATA_DIR: folder, DATABASE_URL: databaseUrl, ...options.env });
  // Port 1 is nobody's.
  const packager = (await options.packager?.(databaseUrl)) ?? connectPackager('127.0.0.1:1');
  t.teardown(() => packager.close());
  const secrets = await loadSecretKey(settings);
  const log = createLogger('gateway', 'silent');
  const services = { settings, db, packager, secrets, storeRoot: join(folder, 'store'), log };
  const app = await buildApp(services);
  t.teardown(() => app.close());
  const passwordHash = await hashPassword(userPassword);
  const addUser = async (name: string, role: string) => {
    await insertUser(db, { name, passwordHash, role });
    return basic(name);
  };
  const headers = await addUser(userName, 'lxc-supervisor');
  return { app, db, databaseUrl, services, headers, addUser };
}
