/** A running gateway: database, packagers, store, application, listening. */
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Database, migrate, openDatabase, whenUp } from '@osimage/database';
import { isLoopback } from '@osimage/outbound';
import { connectPackager, hostsOf, openIdentity } from '@osimage/packaging-api';
import { type Certificate, loadSecretKey } from '@osimage/secrets';
import { type Settings, SettingsError } from '@osimage/settings';
import type { Logger } from '@osimage/telemetry';
import { buildApp } from './app.ts';
import type { App } from './app-types.ts';
import { ensureFirstAccount } from './auth/first-account.ts';
import { watchLicence } from './licence.ts';
import { createHttpServers, type HttpServers } from './transport/http-servers.ts';
import { openCertificate } from './transport/served-certificate.ts';

/** No request waits longer for a statement. */
const answerWithinMs = 10_000;
/**
 * The part of DRAIN_SECONDS for which a stopping gateway goes on as before, so that balancers hear that it is not ready
 * and go elsewhere. What is sent on a connection at the moment it is closed would be lost without an answer.
 */
const noticePart = 0.1;

export interface Gateway {
  readonly url: string;
  /** What it showed when it started; undefined with plain HTTP. */
  readonly certificate: Certificate | undefined;
  /** Reads replaced certificates now. */
  reload(): Promise<void>;
  /**
   * Says that it is not ready, takes no new connections a little later, lets requests end for DRAIN_SECONDS or until
   * `now`, then closes everything.
   */
  stop(now?: AbortSignal): Promise<void>;
}

/**
 * Starts a gateway on the database at `url`, once that is there. Meanwhile it lives, is not ready, and tells everybody to
 * come back. `show` gets the password of the first account when one was generated. Throws when it cannot listen.
 */
export async function startGateway(
  settings: Settings,
  url: string,
  log: Logger,
  show: (password: string) => void,
): Promise<Gateway> {
  refuseClearCalls(settings);
  const secrets = await loadSecretKey(settings);
  const grpc = await openIdentity(settings, log);
  // Passwords travel in every request: in clear they stay on this machine.
  const tls = await openCertificate(settings, log, (renewed) => servers.renew(renewed));
  const servers = createHttpServers(settings, tls?.current);
  const db = openDatabase(url, {
    name: 'gateway',
    max: 20,
    answerWithinMs,
    onError: (error) => log.warn({ err: error }, 'database connection lost'),
  });
  const packager = connectPackager(settings.PACKAGER_ADDRESS, grpc?.identity);
  const storeRoot = join(settings.DATA_DIR, 'store');
  const app = await buildApp({ settings, db, packager, secrets, storeRoot, log }, servers, false);
  try {
    const stopWatching = watchLicence(settings, log);
    app.addHook('onClose', async () => stopWatching());
    await app.listen({
      host: settings.GATEWAY_HOST,
      port: settings.GATEWAY_PORT,
      listenTextResolver: (address) => `listening at ${address.replace(/^.*\/\//, '')}`,
    });
    const onWait = (why: Error) => log.warn({ why: why.message }, 'waiting for the database');
    await whenUp(() => migrate(url), { onWait });
    await ensureFirstAccount(db, settings, show);
    app.open();
    return {
      url: urlOf(app, servers.secure),
      certificate: tls?.current,
      async reload() {
        await Promise.all([grpc?.reload(), tls?.reload()]);
      },
      async stop(now) {
        app.drain();
        const drained = AbortSignal.timeout(settings.DRAIN_SECONDS * 1000);
        const over = AbortSignal.any(now ? [drained, now] : [drained]);
        const noticeMs = settings.DRAIN_SECONDS * 1000 * noticePart;
        if (servers.open > 0) await pause(noticeMs, undefined, { signal: over }).catch(() => {});
        await Promise.all([grpc?.stop(), tls?.stop()]);
        await stop(app, servers, db, packager, over);
      },
    };
  } catch (error) {
    await Promise.all([grpc?.stop(), tls?.stop()]);
    await app.close();
    packager.close();
    await db.close();
    throw error;
  }
}

/** Calls name users and are believed: in clear they stay on this machine. */
function refuseClearCalls(settings: Settings): void {
  if (settings.GRPC_CERT !== undefined) return;
  const other = hostsOf(settings.PACKAGER_ADDRESS).find((host) => !isLoopback(host));
  if (other !== undefined) {
    throw new SettingsError(
      `PACKAGER_ADDRESS must be on loopback, not ${other}, unless GRPC_CA, GRPC_CERT and GRPC_KEY are set`,
    );
  }
}

async function stop(
  app: App,
  servers: HttpServers,
  db: Database,
  packager: { close(): void },
  over: AbortSignal,
): Promise<void> {
  const cut = () => servers.cut();
  over.addEventListener('abort', cut, { once: true });
  if (over.aborted) cut();
  await app.close();
  over.removeEventListener('abort', cut);
  packager.close();
  await db.close();
}

/** Where this machine reaches it. */
function urlOf(app: App, secure: boolean): string {
  const { address, port, family } = app.server.address() as AddressInfo;
  const scheme = secure ? 'https' : 'http';
  if (address === '0.0.0.0' || address === '::') return `${scheme}://localhost:${port}`;
  return `${scheme}://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
