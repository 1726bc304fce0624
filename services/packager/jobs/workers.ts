/** The workers of a packager: which entries each takes, and whom an announcement wakes. */
import { queueName } from '@osimage/database';
import type { PgBoss } from 'pg-boss';

// pg-boss takes the highest first, of one priority the oldest.
export const priorities = { asleep: -1, large: 0, small: 1 };

// Returned jobs are not announced by NOTIFY, so polling must stay short.
const pollSeconds = 2;

export interface QueueEntry {
  jobId: string;
}

/** Runs one entry; `signal` aborts when the entry is cancelled or was given to another worker. */
export type RunEntry = (jobId: string, queueId: string, signal: AbortSignal) => Promise<void>;

interface Worker {
  /** Of pg-boss; undefined until it has begun. */
  id: string | undefined;
  /** It takes small and large jobs. */
  readonly takesAll: boolean;
  busy: boolean;
}

/**
 * What each of the workers takes. Those that take anything prefer small jobs; so that neither kind waits for the other, one
 * worker takes small ones only, and one takes none of them.
 */
function shareOut(count: number): { minPriority?: number; maxPriority?: number }[] {
  if (count === 1) return [{}];
  const forAll = Array.from({ length: count - 2 }, () => ({}));
  return [...forAll, { minPriority: priorities.small }, { maxPriority: priorities.large }];
}

export class Workers {
  readonly #boss: PgBoss;
  readonly #workers: Worker[] = [];

  constructor(boss: PgBoss) {
    this.#boss = boss;
  }

  /** Starts so many of them. */
  async start(count: number, run: RunEntry): Promise<void> {
    for (const takes of shareOut(count)) {
      const worker: Worker = { id: undefined, takesAll: Object.keys(takes).length === 0, busy: false };
      this.#workers.push(worker);
      const options = {
        ...takes,
        pollingIntervalSeconds: pollSeconds,
        notifyPollingIntervalSeconds: pollSeconds,
        heartbeatRefreshSeconds: 3,
      };
      worker.id = await this.#boss.work<QueueEntry>(queueName, options, async ([entry]) => {
        worker.busy = true;
        // Where one entry was another may be.
        this.wake();
        try {
          if (entry) await run(entry.data.jobId, entry.id, entry.signal);
        } finally {
          worker.busy = false;
          // Otherwise it does one a poll, however many there are.
          this.#look(worker);
        }
      });
    }
  }

  /**
   * Entries may be there: an idle worker looks, and wakes the next when it finds one. If all looked at once, most of them
   * in vain, announcing a job would cost the database more than running it.
   */
  wake(): void {
    const idle = this.#workers.filter(({ busy }) => !busy);
    const forAll = idle.find(({ takesAll }) => takesAll);
    for (const worker of forAll ? [forAll] : idle) this.#look(worker);
  }

  #look({ id }: Worker): void {
    if (id !== undefined) this.#boss.notifyWorker(id);
  }
}
