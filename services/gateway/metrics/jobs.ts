/** Jobs and their queue as the database has them: the same from every gateway, so take the `max` of several. */
import { countEndedJobs, countUnfinishedJobs, type Database, queueState } from '@osimage/database';
import { askedGauge, Gauge, type Registry, recent } from '@osimage/telemetry';

/** A scrape costs the database a few questions at most every so often. */
const keptMs = 5_000;
/** Of what may be a million rows. */
const endedKeptMs = 60_000;

const kinds = ['export', 'import', 'purge'];
const states = ['Pending', 'Running', 'Complete', 'StoppedWithError', 'Cancelled', 'Interrupted'];

export function registerJobMetrics(registry: Registry, db: Database): void {
  const unfinished = recent(keptMs, () => countUnfinishedJobs(db));
  const ended = recent(endedKeptMs, () => countEndedJobs(db));
  new Gauge({
    name: 'osimage_jobs',
    help: 'Jobs by kind and state; those that have ended as long as they are kept.',
    labelNames: ['kind', 'state'],
    registers: [registry],
    async collect() {
      const [some, others] = await Promise.all([unfinished(), ended()]);
      this.reset();
      if (!some || !others) return;
      for (const kind of kinds) for (const state of states) this.set({ kind, state }, 0);
      for (const { kind, state, count } of [...some, ...others]) this.set({ kind, state }, count);
    },
  });

  const queue = recent(keptMs, () => queueState(db));
  const due = {
    name: 'osimage_queue_due',
    help: 'Entries of the queue that could start and wait for a worker.',
  };
  askedGauge(registry, due, async () => (await queue())?.due);
  const oldest = { name: 'osimage_queue_oldest_seconds', help: 'How long the oldest of them waits.' };
  askedGauge(registry, oldest, async () => (await queue())?.oldestSeconds);
}
