/** What the row of each job must be: the rules of design section 6 and of docs/decisions.md, told without SQL. */

/** How many jobs may use a server at once. */
export const slotsPerServer = 2;

interface ModelAttempt {
  readonly attempt: number;
  readonly worker: string;
  ended: boolean;
  error: string | null;
  progressed: boolean;
}

export interface ModelJob {
  readonly id: string;
  readonly kind: 'export' | 'import';
  server: string | null;
  state: 'Pending' | 'Running' | 'Complete' | 'StoppedWithError' | 'Cancelled' | 'Interrupted';
  attempt: number;
  worker: string | null;
  queueId: string | null;
  slot: number | null;
  line: 'waiting' | 'called' | null;
  bytesDone: number;
  bytesTotal: number;
  percent: number;
  error: string | null;
  checkpoint: number | null;
  /** An import that waits for its file. */
  fed: boolean;
  retriedAs: string | null;
  attempts: ModelAttempt[];
  // What no column says.
  leaseOver: boolean;
  /** It ended so long ago that its slot may be taken from it. */
  longOver: boolean;
  deleted: boolean;
}

/** A worker's hold of a job, which it keeps believing in whatever happened meanwhile. */
export interface Hold {
  readonly job: ModelJob;
  readonly attempt: number;
  /** It has said how the attempt ended, and says nothing more while nobody else has the job. */
  over: boolean;
}

/** An entry of the queue, which may be delivered again at any time, also when it is out of date. */
export interface Entry {
  readonly job: ModelJob;
  readonly queueId: string;
}

export interface Model {
  readonly jobs: ModelJob[];
  readonly holds: Hold[];
  readonly entries: Entry[];
}

export function newJob(values: Pick<ModelJob, 'id' | 'kind'> & Partial<ModelJob>): ModelJob {
  return {
    server: null,
    state: 'Pending',
    attempt: 0,
    worker: null,
    queueId: null,
    slot: null,
    line: null,
    bytesDone: 0,
    bytesTotal: 0,
    percent: 0,
    error: null,
    checkpoint: null,
    fed: true,
    retriedAs: null,
    attempts: [],
    leaseOver: false,
    longOver: false,
    deleted: false,
    ...values,
  };
}

export const isOver = ({ state }: ModelJob): boolean => state !== 'Pending' && state !== 'Running';

/** Whether what this attempt says still counts. */
export const isHeld = ({ job, attempt }: Hold): boolean =>
  !job.deleted && !isOver(job) && job.attempt === attempt;

export const isCurrent = ({ job, queueId }: Entry): boolean =>
  !job.deleted && !isOver(job) && job.queueId === queueId;

/** Ends the attempt that is open, if one is. */
export function endAttempt(job: ModelJob, error: string | null, progressed = false): void {
  const open = job.attempts.find(({ ended }) => !ended);
  if (open) Object.assign(open, { ended: true, error, progressed });
}

/** Ends the job for good. */
export function end(job: ModelJob, state: ModelJob['state'], error: string | null): void {
  Object.assign(job, { state, error, percent: 100 });
  endAttempt(job, error);
}

/** The server's line, once slots that were left behind are taken back. */
export function lineOf({ jobs }: Model, server: string) {
  const there = jobs.filter((job) => job.server === server && !job.deleted);
  const takeBack = () => {
    for (const job of there) if (job.slot !== null && job.longOver) job.slot = null;
  };
  const waiting = there.filter((job) => job.line === 'waiting' && !isOver(job));
  const room = () => {
    const held = there.filter(({ slot }) => slot !== null).length;
    const called = there.filter((job) => job.line === 'called' && job.slot === null && !isOver(job)).length;
    return { held, free: Math.max(0, slotsPerServer - held - called) };
  };
  const freeSlot = () => {
    let slot = 1;
    while (there.some((job) => job.slot === slot)) slot += 1;
    return slot;
  };
  return { takeBack, waiting, room, freeSlot };
}

/** How a new job of a server begins. */
export function beginning(model: Model, server: string | null): ModelJob['line'] {
  if (server === null) return null;
  const { waiting, room } = lineOf(model, server);
  return room().free === 0 || waiting.length > 0 ? 'waiting' : 'called';
}

/** Those who are called now; each of them gets another entry. */
export function callNext(model: Model, servers: Iterable<string | null>): ModelJob[] {
  const called: ModelJob[] = [];
  for (const server of new Set(servers)) {
    if (server === null) continue;
    const { takeBack, waiting, room } = lineOf(model, server);
    if (waiting.length === 0) continue;
    takeBack();
    for (const job of waiting.slice(0, room().free)) {
      job.line = 'called';
      called.push(job);
    }
  }
  return called;
}
