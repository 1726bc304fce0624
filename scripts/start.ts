/**
 * `npm start`: database (unless DATABASE_URL names one), packager and gateway, each a process of its own.
 * Starts one that dies again, ends them all when it ends, and says `ready <address>`.
 */
import { join } from 'node:path';
import { openDatabase, startEmbedded } from '@osimage/database';
import { connectPackager, openIdentity } from '@osimage/packaging-api';
import { loadSettings, type Settings, SettingsError } from '@osimage/settings';
import { createLogger } from '@osimage/telemetry';
import { installSamples, sampleProfileId } from '../samples/install.ts';
import { NotStarted, type ServiceName, startService } from './service-process.ts';
import { type Part, type Supervised, supervise } from './supervise.ts';

/** Longer than a gateway lets requests end; a packager also drains its jobs. */
const stopMs = 15_000;

/** A second signal this long after the first is a second wish. */
const impatientMs = 1_000;

const tell = (line: string) => process.stderr.write(`${line}\n`);

const stopping = new AbortController();
let askedAt = 0;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    // Asked again: do not wait for anything; the services and the database's keeper notice by themselves.
    // One Ctrl-C may arrive twice, from the terminal and from npm.
    if (stopping.signal.aborted && performance.now() - askedAt > impatientMs) process.exit(1);
    askedAt ||= performance.now();
    stopping.abort();
  });
}

const running: Supervised<Part>[] = [];
try {
  await start(loadSettings(process.env));
  await new Promise((resolve) => {
    if (stopping.signal.aborted) resolve(undefined);
    // A timer keeps this process alive; an abort listener does not.
    const alive = setInterval(() => {}, 2 ** 30);
    stopping.signal.addEventListener('abort', () => resolve(clearInterval(alive)), { once: true });
  });
} catch (error) {
  process.exitCode = fail(error);
} finally {
  for (const part of running.reverse()) await part.stop();
}
process.exit();

async function start(settings: Settings): Promise<void> {
  const env: NodeJS.ProcessEnv = { ...process.env, DATA_DIR: settings.DATA_DIR };
  if (settings.DATABASE_URL === undefined) {
    const database = await keep('database', (signal) =>
      startEmbedded({ dataDir: settings.DATA_DIR, signal }),
    );
    env.DATABASE_URL = database.current.url;
  }
  const stopPackagerMs = stopMs + settings.DRAIN_SECONDS * 1000;
  const packager = await keep('packager', (signal) => service('packager', env, stopPackagerMs, signal));
  // A free port that was found once stays the port, for those who know it.
  env.PACKAGER_LISTEN = packager.current.ready.address ?? settings.PACKAGER_LISTEN;
  const gateway = await keep('gateway', (signal) => service('gateway', env, stopMs, signal));
  const { url = '' } = gateway.current.ready;
  env.GATEWAY_PORT = new URL(url).port || String(settings.GATEWAY_PORT);
  if (settings.SAMPLES) await addSamples(settings, env);
  process.stdout.write(`ready ${url}\n`);
}

async function keep<P extends Part>(
  name: string,
  begin: (signal: AbortSignal) => Promise<P>,
): Promise<Supervised<P>> {
  stopping.signal.throwIfAborted();
  const part = await supervise(name, begin, tell, stopping.signal);
  running.push(part);
  return part;
}

async function service(name: ServiceName, env: NodeJS.ProcessEnv, ms: number, signal: AbortSignal) {
  const { ready, exited, stop } = await startService(name, { env: { ...env }, signal });
  return { ready, exited, stop: () => stop(ms) };
}

/** Puts the sample profile in as any caller would: through a packager. */
async function addSamples(settings: Settings, env: NodeJS.ProcessEnv): Promise<void> {
  const db = openDatabase(env.DATABASE_URL ?? settings.DATABASE_URL ?? '', {
    max: 2,
    name: 'osimage-samples',
  });
  const grpc = await openIdentity(settings, createLogger('start', settings.LOG_LEVEL));
  const client = connectPackager(loadSettings(env).PACKAGER_ADDRESS, grpc?.identity);
  try {
    const storeRoot = join(settings.DATA_DIR, 'store');
    if (await installSamples({ client, db, storeRoot, signal: stopping.signal })) {
      process.stdout.write(`sample profile ${sampleProfileId}\n`);
    }
  } finally {
    client.close();
    await grpc?.stop();
    await db.close();
  }
}

/** Says why there is nothing to start, in one line, and gives the exit code. */
function fail(error: unknown): number {
  if (stopping.signal.aborted) return 0;
  // The service has said why.
  if (error instanceof NotStarted) return error.ended.code || 1;
  tell(error instanceof Error ? error.message : String(error));
  return error instanceof SettingsError ? 2 : 1;
}
