/** A running gateway: database, packagers, store, application, listening. */
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Database, migrate, openDatabase } from '@osimage/database';
import { isDatabaseAway } from '@osimage/errors';
import { connectPackager } from '@osimage/packaging-api';
import { loadSecretKey } from '@osimage/secrets';
import type { Settings } from '@osimage/settings';
import type { Logger } from '@osimage/telemetry';
import { buildApp } from './app.ts';
import type { App } from './app-types.ts';
import { ensureFirstAccount } from './auth/first-account.ts';

/** How long a gateway that starts waits for a database that is not up yet. */
const waitForDatabaseMs = 60_000;
const databaseRetryMs = 500;
/** How long a stopping gateway lets transfers go on before it cuts them. */
const closeWithinMs = 10_000;

export interface Gateway {
  readonly url: string;
  /** Lets running requests end, for a while, then closes everything. */
  stop(): Promise<void>;
}

/**
 * Starts a gateway on the database at `url`. `show` gets the password of the first account when one was
 * generated. Throws when it cannot listen or the database stays away.
 */
export async function startGateway(
  settings: Settings,
  url: string,
  log: Logger,
  show: (password: string) => void,
): Promise<Gateway> {
  const secrets = await loadSecretKey(settings);
  await migrateOnceUp(url, log);
  const db = openDatabase(url, {
    name: 'gateway',
    max: 20,
    onError: (error) => log.warn({ err: error }, 'database connection lost'),
  });
  const packager = connectPackager(settings.PACKAGER_ADDRESS);
  try {
    await ensureFirstAccount(db, settings, show);
    const storeRoot = join(settings.DATA_DIR, 'store');
    const app = await buildApp({ settings, db, packager, secrets, storeRoot, log });
    await app.listen({ host: settings.GATEWAY_HOST, port: settings.GATEWAY_PORT });
    return { url: urlOf(app), stop: () => stop(app, db, packager) };
  } catch (error) {
    packager.close();
    await db.close();
    throw error;
  }
}

async function migrateOnceUp(url: string, log: Logger): Promise<void> {
  const end = Date.now() + waitForDatabaseMs;
  for (;;) {
    try {
      await migrate(url);
      return;
    } catch (error) {
      if (!isDatabaseAway(error) || Date.now() > end) throw error;
      log.warn('waiting for the database');
      await pause(databaseRetryMs);
    }
  }
}

async function stop(app: App, db: Database, packager: { close(): void }): Promise<void> {
  const cut = setTimeout(() => app.server.closeAllConnections(), closeWithinMs);
  await app.close();
  clearTimeout(cut);
  packager.close();
  await db.close();
}

function urlOf(app: App): string {
  const { address, port, family } = app.server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
