/** Starts a packager: settings from the environment, until it is told to stop. */
import { isLoopback } from '@osimage/outbound';
import { loadSettings, SettingsError } from '@osimage/settings';
import { createLogger } from '@osimage/telemetry';
import { startPackager } from './packager.ts';

/** How long a stop may take beyond DRAIN_SECONDS. */
const stopWithinMs = 15_000;

async function main(): Promise<void> {
  const settings = loadSettings(process.env);
  const url = settings.DATABASE_URL;
  if (url === undefined)
    throw new SettingsError('DATABASE_URL must be set; `npm start` brings a database of its own');
  const host = settings.PACKAGER_LISTEN.slice(0, settings.PACKAGER_LISTEN.lastIndexOf(':'));
  // Anybody who reaches this port may do anything: without certificates it stays on this machine.
  if (settings.GRPC_CERT === undefined && !isLoopback(host)) {
    throw new SettingsError(
      `PACKAGER_LISTEN must be a loopback address, not ${host}, unless GRPC_CA, GRPC_CERT and GRPC_KEY are set`,
    );
  }
  const log = createLogger('packager', settings.LOG_LEVEL);
  process.on('unhandledRejection', (error) => log.error({ err: error }, 'unhandled rejection'));
  const asked = new AbortController();
  // Undefined: told to stop while it waited for its database.
  const starting = startPackager(settings, url, log, asked.signal).catch((error: unknown) => {
    if (asked.signal.aborted && error === asked.signal.reason) return undefined;
    throw error;
  });

  let stopping = false;
  // Who asks twice does not want to wait for jobs.
  const hurry = new AbortController();
  const stop = async (why: string): Promise<void> => {
    if (stopping) return hurry.abort();
    stopping = true;
    log.info({ why }, 'stopping');
    asked.abort();
    // With the database away nothing can be handed back; the queue's heartbeat tells the others.
    setTimeout(() => process.exit(1), settings.DRAIN_SECONDS * 1000 + stopWithinMs).unref();
    try {
      await (await starting)?.stop(hurry.signal);
      process.exit(0);
    } catch (error) {
      log.error({ err: error }, 'did not stop cleanly');
      process.exit(1);
    }
  };
  process.on('SIGTERM', () => void stop('SIGTERM'));
  process.on('SIGINT', () => void stop('SIGINT'));
  // What a certificate's renewal sends.
  process.on('SIGHUP', () => void starting.then((packager) => packager?.reload()).catch(() => {}));
  // The process that started us is gone.
  process.on('disconnect', () => void stop('parent gone'));

  const packager = await starting;
  if (packager === undefined) return;
  log.info({ address: packager.address, metrics: packager.metrics }, 'packager ready');
  process.send?.({ ready: true, address: packager.address });
}

main().catch((error: unknown) => {
  const line = error instanceof Error ? error.message : String(error);
  process.stderr.write(`packager: ${line}\n`);
  process.exit(error instanceof SettingsError ? 2 : 1);
});
