/** Starts a gateway: settings from the environment, until it is told to stop. */
import { loadSettings, SettingsError } from '@osimage/settings';
import { createLogger } from '@osimage/telemetry';
import { type Gateway, startGateway } from './gateway.ts';

async function main(): Promise<void> {
  const settings = loadSettings(process.env);
  const databaseUrl = settings.DATABASE_URL;
  if (databaseUrl === undefined)
    throw new SettingsError('DATABASE_URL must be set; `npm start` brings a database of its own');
  const log = createLogger('gateway', settings.LOG_LEVEL);
  process.on('unhandledRejection', (error) => log.error({ err: error }, 'unhandled rejection'));

  let gateway: Gateway | undefined;
  let stopping = false;
  // Who asks twice does not want to wait for transfers.
  const hurry = new AbortController();
  const stop = async (why: string) => {
    if (stopping) return hurry.abort();
    stopping = true;
    log.info({ why }, 'stopping');
    await gateway?.stop(hurry.signal);
    process.exit(0);
  };
  // From the beginning: a start can wait for its database for a while.
  process.on('SIGTERM', () => void stop('SIGTERM'));
  process.on('SIGINT', () => void stop('SIGINT'));
  // What a certificate's renewal sends.
  process.on('SIGHUP', () => void gateway?.reload());
  // The process that started us is gone.
  process.on('disconnect', () => void stop('parent gone'));

  gateway = await startGateway(settings, databaseUrl, log, (password) => {
    // Shown here, once, and kept nowhere.
    process.stdout.write(`first account ${settings.ADMIN_USER} with password ${password} (shown only now)\n`);
  });
  // What a person compares with what the browser or openssl shows of a self-signed certificate.
  if (gateway.certificate) {
    const { fingerprint, expires } = gateway.certificate;
    process.stdout.write(`certificate SHA-256 ${fingerprint}, valid until ${expires.toISOString()}\n`);
  }
  log.info({ url: gateway.url }, 'gateway ready');
  process.send?.({ ready: true, url: gateway.url });
}

main().catch((error: unknown) => {
  const line = error instanceof Error ? error.message : String(error);
  process.stderr.write(`gateway: ${line}\n`);
  process.exit(error instanceof SettingsError ? 2 : 1);
});
