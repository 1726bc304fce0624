/**
 * The dispatcher: pg-boss tells a worker to look at a job's row, and finds out when a worker died.
 * It never decides what a job is; our row does (design section 6).
 */
import {
  type Database,
  isQueueThere,
  openDatabase,
  type Queryable,
  type QueryOptions,
  queueName,
  queueSchema,
  setLongestRun,
} from '@osimage/database';
import type { Logger } from '@osimage/telemetry';
import { type ConstructorOptions, PgBoss } from 'pg-boss';
import { priorities, type QueueEntry, type RunEntry, Workers } from './workers.ts';

// A killed worker's job was taken over after 12 s with these, measured; pg-boss's own defaults take over a minute.
const heartbeatSeconds = 10;
const superviseSeconds = 5;
// As long as a worker's own statements may take.
const answerWithinMs = 15_000;

/** As long as a timer of Node's can be: nothing but its own end, a cancel or a dead worker ends a job. */
const longestSeconds = 2_000_000;

const queueOptions = {
  heartbeatSeconds,
  // Our own counts decide when to give up (see run.ts); the queue must not be first.
  retryLimit: 1_000,
  retryDelay: 0,
  retentionSeconds: 365 * 86_400,
  deleteAfterSeconds: 3_600,
  // A NOTIFY inside a transaction makes its commit wait for all others that have one, each for its own write to the
  // disk; ours is said after the commit.
  notify: false,
};

/** How an entry is dealt with. */
export interface EntryOptions {
  /** It runs so much later at the earliest. */
  delayMs?: number;
  /** Of a small job: a worker is kept for those. */
  small?: boolean;
  /** Looked at after all others: it sleeps anyway. */
  behind?: boolean;
}

export interface Queue {
  /** Adds an entry with this id in the transaction; it runs after the commit. */
  add(tx: Queryable, queueId: string, jobId: string, options?: EntryOptions): Promise<void>;
  /** Drops entries in the transaction, whatever their state. */
  drop(tx: Queryable, queueIds: readonly string[]): Promise<void>;
  /** Starts `count` workers of this process. */
  work(count: number, run: RunEntry): Promise<void>;
  /** Makes the dispatcher's tables again where they are gone; tells whether it had to. */
  ensure(): Promise<boolean>;
  /** Takes no more entries; those running go on. */
  pause(): Promise<void>;
  close(): Promise<void>;
}

/**
 * What runs all the time, for each job: fetching an entry and completing it. Planning them takes longer than doing them.
 * Where a later pg-boss words them otherwise only speed is lost.
 */
const frequent = /^\s*WITH (next|results) AS/;

/** Our connections as pg-boss wants them: its own would plan each statement anew. */
function connection(db: Database, onAnnounced: () => void = () => {}): ConstructorOptions {
  return {
    db: {
      executeSql: (text, values) => db.query(text, values, { prepared: frequent.test(text) }),
      // pg-boss would wake all its workers.
      listen: async (channel, _wakeAll, onReconnect) => ({
        close: await db.listen(channel, onAnnounced, onReconnect),
      }),
    },
    schema: queueSchema,
    schedule: false,
    registerInstance: false,
  };
}

/** Makes the entry table, or gives one that is there what this version wants. */
async function makeQueue(boss: PgBoss, db: Database): Promise<void> {
  await boss.createQueue(queueName, queueOptions);
  await boss.updateQueue(queueName, queueOptions);
  await setLongestRun(db, queueSchema, queueName, longestSeconds);
}

/** Opens the queue, making or upgrading its schema and its entry table. */
export async function openQueue(db: Database, log: Logger): Promise<Queue> {
  const onError = (error: Error) => log.warn({ err: error }, 'queue error');
  const own = openDatabase(db.url, {
    name: 'osimage-queue',
    max: 4,
    answerWithinMs,
    onError,
    forgetful: true,
  });
  const boss: PgBoss = new PgBoss({
    ...connection(own, () => workers.wake()),
    useListenNotify: true,
    superviseIntervalSeconds: superviseSeconds,
    monitorIntervalSeconds: superviseSeconds,
  });
  const workers = new Workers(boss);
  boss.on('error', onError);
  boss.on('warning', (warning) => log.debug({ warning }, 'queue warning'));
  try {
    await boss.start();
    await makeQueue(boss, db);
  } catch (error) {
    await own.close();
    throw error;
  }
  const wake = waker(db, log);

  const inside = (tx: Queryable, how?: QueryOptions) => ({
    db: { executeSql: (text: string, values?: unknown[]) => tx.query(text, values, how) },
  });

  return {
    async add(tx, queueId, jobId, { delayMs = 0, small = false, behind = false } = {}) {
      const startAfter = delayMs > 0 ? new Date(Date.now() + delayMs) : undefined;
      const entry: QueueEntry = { jobId };
      const priority = behind ? priorities.asleep : small ? priorities.small : priorities.large;
      await boss.send(queueName, entry, {
        id: queueId,
        priority,
        ...(startAfter && { startAfter }),
        // Planning it takes longer than doing it.
        ...inside(tx, { prepared: true }),
      });
      if (delayMs === 0) (tx.afterCommit ?? ((work) => work()))(wake);
    },
    async drop(tx, queueIds) {
      if (queueIds.length > 0) await boss.deleteJob(queueName, [...queueIds], inside(tx));
    },
    work: (count, run) => workers.start(count, run),
    async ensure() {
      if (await isQueueThere(db, queueSchema, queueName)) return false;
      const maker = new PgBoss({ ...connection(own), supervise: false });
      maker.on('error', onError);
      await maker.start();
      try {
        await makeQueue(maker, db);
      } finally {
        await maker.stop({ graceful: false });
      }
      return true;
    },
    pause: () => boss.offWork(queueName, { wait: false }),
    async close() {
      await boss.stop({ graceful: true, timeout: 5_000 }).finally(() => own.close());
    },
  };
}

/** Each NOTIFY makes a worker of every packager look. */
const wakeEveryMs = 20;

/**
 * Gives what tells all packagers to look for entries now, in the words of pg-boss: the first time at once, then every
 * 20 ms while there is something to tell. One that gets lost costs a poll's time.
 */
function waker(db: Database, log: Logger): () => void {
  let resting = false;
  let again = false;
  const say = () => {
    again = resting;
    if (resting) return;
    resting = true;
    setTimeout(() => {
      resting = false;
      if (again) say();
    }, wakeEveryMs);
    db.query(`select pg_notify('pgboss_' || left(encode(sha224($1), 'hex'), 24), $2)`, [
      queueSchema,
      queueName,
    ]).catch((error: unknown) => log.debug({ err: error }, 'packagers were not told of a job'));
  };
  return say;
}
