/** Composes a packager and takes it apart again. */
import { hostname } from 'node:os';
import { join } from 'node:path';
import { openStore, storeLimits } from '@osimage/blob-store';
import { createAuditTrail, migrate, openDatabase, stopChannel, whenUp } from '@osimage/database';
import { addressRules } from '@osimage/outbound';
import { openIdentity } from '@osimage/packaging-api';
import { loadSecretKey } from '@osimage/secrets';
import type { Settings } from '@osimage/settings';
import { auditLogger, type Logger } from '@osimage/telemetry';
import type { PackagerContext } from './context.ts';
import { serve } from './grpc/server.ts';
import { Health } from './health.ts';
import { openQueue } from './jobs/queue.ts';
import { Runner } from './jobs/run.ts';
import { startSweeper } from './jobs/sweep.ts';
import { HandedBack } from './jobs/try-again.ts';
import { createPackagerMetrics } from './metrics/metrics.ts';
import { serveMetrics } from './metrics/server.ts';

/** A statement may wait for one that stands still until the server ends that (packages/database/pool.ts). */
const answerWithinMs = 15_000;

export interface Packager {
  /** host:port of its gRPC server. */
  address: string;
  /** host:port of its metrics, if it shows any. */
  metrics: string | undefined;
  /** Reads replaced certificates now. */
  reload(): Promise<void>;
  /** Lets jobs go on for DRAIN_SECONDS or until `now`, hands back what is left, and closes everything. */
  stop(now?: AbortSignal): Promise<void>;
}

/**
 * Starts a packager on the database at `url`, once that is there. Meanwhile it lives, and is not ready. Throws the reason
 * of `signal`, which ends the waiting.
 */
export async function startPackager(
  settings: Settings,
  url: string,
  log: Logger,
  signal?: AbortSignal,
): Promise<Packager> {
  const grpc = await openIdentity(settings, log);
  const db = openDatabase(url, {
    name: 'osimage-packager',
    max: settings.PACKAGER_JOBS + 10,
    answerWithinMs,
    onError: (error) => log.warn({ err: error }, 'database connection lost'),
  });
  const health = new Health(db);
  const packagerMetrics = createPackagerMetrics();
  const metrics =
    settings.PACKAGER_METRICS_LISTEN === undefined
      ? undefined
      : await serveMetrics(settings.PACKAGER_METRICS_LISTEN, packagerMetrics.registry, health);
  const onWait = (why: Error) => log.warn({ why: why.message }, 'waiting for the database');
  await whenUp(() => migrate(url), { onWait, signal });
  const context: PackagerContext = {
    settings,
    db,
    queue: await openQueue(db, log),
    store: await openStore(join(settings.DATA_DIR, 'store'), storeLimits(settings)),
    secrets: await loadSecretKey(settings),
    addresses: addressRules(settings),
    log,
    audit: createAuditTrail(db, auditLogger(log)),
    metrics: packagerMetrics,
    worker: `${hostname()}/${process.pid}`,
  };
  const runner = new Runner(context);
  const closing = new AbortController();
  const stopListening = await db.listen(
    stopChannel,
    (jobId) => void runner.stopEnded(jobId),
    // What was said while nobody listened is read from the rows.
    () => void runner.stopEnded(),
  );
  const sweeper = startSweeper(context, closing.signal);
  await context.queue.work(settings.PACKAGER_JOBS, (jobId, queueId, signal) =>
    runner.run(jobId, queueId, signal),
  );
  health.start();
  const server = await serve(context, health, settings.PACKAGER_LISTEN, grpc?.identity);

  return {
    address: server.address,
    metrics: metrics?.address,
    async reload() {
      await grpc?.reload();
    },
    async stop(now) {
      health.stop();
      await grpc?.stop();
      await server.close();
      runner.takeNoMore();
      await context.queue.pause();
      const drained = AbortSignal.timeout(settings.DRAIN_SECONDS * 1000);
      await runner.idle(AbortSignal.any(now ? [drained, now] : [drained]));
      runner.stopAll(new HandedBack());
      await runner.idle(AbortSignal.timeout(5_000));
      closing.abort();
      await sweeper.stopped;
      await stopListening();
      await context.queue.close();
      await metrics?.close();
      await db.close();
    },
  };
}
