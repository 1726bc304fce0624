/** Commands of workers: entries are delivered, also late and twice, and attempts report, also when they have lost their job. */
import { deepStrictEqual } from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { endJob, type Outcome, requeueJob, saveCheckpoint, saveProgress } from '@osimage/database';
import { Problem } from '@osimage/errors';
import fc from 'fast-check';
import { claim as claimEntry } from '../../../services/packager/jobs/claim.ts';
import { leaveServer } from '../../../services/packager/jobs/slots.ts';
import { command } from './command.ts';
import {
  callNext,
  type Entry,
  end,
  endAttempt,
  type Hold,
  isCurrent,
  isHeld,
  lineOf,
  type Model,
  slotsPerServer,
} from './model.ts';
import { type System, takeEntries } from './system.ts';

const any = fc.nat(1_000);
const lost = new Problem('worker_lost', { times: 1 }).toJSON();
const broken = new Problem('connection_lost', { address: 'a', detail: 'b' }).toJSON();

/** A worker takes an entry, as Runner.run does. */
export async function claim(
  model: Model,
  system: System,
  entry: Entry,
  worker: string,
): Promise<Hold | undefined> {
  const { context } = system;
  const { job, queueId } = entry;
  const claimed = await claimEntry({ ...context, worker }, job.id, queueId);
  const waits = isCurrent(entry) && !takesSlot(model, entry);
  takeEntries(model, system, waits ? [job] : []);
  if (waits || !isCurrent(entry)) {
    deepStrictEqual(claimed, undefined, 'nothing is claimed');
    return undefined;
  }
  endAttempt(job, 'worker_lost');
  const last = Math.max(
    0,
    ...job.attempts.filter(({ progressed }) => progressed).map(({ attempt }) => attempt),
  );
  const errors = job.attempts.filter(({ error }) => error !== null);
  const counts = {
    attempt: job.attempt + 1,
    lost: errors.filter(({ error }) => error === 'worker_lost').length,
    failed: errors.filter(({ error, attempt }) => error !== 'worker_lost' && attempt > last).length,
  };
  deepStrictEqual(
    { attempt: claimed?.attempt, lost: claimed?.lost, failed: claimed?.failed },
    counts,
    'what a worker is told of the attempts before',
  );
  Object.assign(job, { state: 'Running', attempt: counts.attempt, worker });
  job.attempts.push({ attempt: job.attempt, worker, ended: false, error: null, progressed: false });
  const hold: Hold = { job, attempt: job.attempt, over: false };
  model.holds.push(hold);
  return hold;
}

/** Whether the job has what it needs of its server; otherwise it waits in line from now on. */
function takesSlot(model: Model, { job }: Entry): boolean {
  if (job.server === null || job.slot !== null) return true;
  const { takeBack, room, freeSlot } = lineOf(model, job.server);
  takeBack();
  const { held, free } = room();
  if (job.line === 'called' ? held >= slotsPerServer : free === 0) {
    job.line = 'waiting';
    return false;
  }
  job.slot = freeSlot();
  job.line = null;
  return true;
}

const deliver = fc.tuple(any, fc.constantFrom('a', 'b')).map(([number, worker]) =>
  command(`entry ${number} is delivered to worker ${worker}`, async (model, system) => {
    // Rather one that counts: an entry of long ago is the exception.
    const current = model.entries.filter(isCurrent);
    const entries = number % 5 === 0 || current.length === 0 ? model.entries : current;
    const entry = entries[number % entries.length];
    if (entry) await claim(model, system, entry, worker);
  }),
);

/** Of an attempt that still believes in itself, whether it is right or not. */
function report(
  name: string,
  run: (hold: Hold, model: Model, system: System) => Promise<void>,
): fc.Arbitrary<fc.AsyncCommand<Model, System>> {
  return any.map((number) =>
    command(`attempt ${number} ${name}`, async (model, system) => {
      const believing = model.holds.filter((hold) => !(hold.over && isHeld(hold)));
      const held = believing.filter(isHeld);
      // Rather one that is right: there are ever more that are not.
      const some = number % 3 === 0 || held.length === 0 ? believing : held;
      const hold = some[number % some.length];
      if (hold) await run(hold, model, system);
    }),
  );
}

const progress = fc.tuple(fc.nat(1_200), fc.constantFrom(0, 1_000)).chain(([done, total]) =>
  report(`reports ${done} of ${total} bytes`, async (hold, _, { db }) => {
    const { job, attempt } = hold;
    const said = await saveProgress(db, job.id, attempt, { step: 's', bytesDone: done, bytesTotal: total });
    deepStrictEqual(said, isHeld(hold), 'a report of an attempt that has lost its job is refused');
    if (!said) return;
    const percent = total > 0 ? Math.min(99, 1 + (98 * done) / total) : 1;
    job.bytesTotal = total;
    job.bytesDone = Math.max(job.bytesDone, Math.min(done, total));
    job.percent = Math.max(Math.fround(job.percent), Math.fround(percent));
  }),
);

const checkpoint = fc.nat(100).chain((at) =>
  report(`keeps checkpoint ${at}`, async (hold, _, { db }) => {
    const said = await saveCheckpoint(db, hold.job.id, hold.attempt, { at });
    deepStrictEqual(said, isHeld(hold), 'so is its checkpoint');
    if (said) hold.job.checkpoint = at;
  }),
);

/** What a worker does when it is done with a job in whatever way. */
async function leave({ job, attempt }: Hold, model: Model, system: System): Promise<void> {
  await leaveServer(system.context, { id: job.id, attempt, server_id: job.server });
  if (job.attempt === attempt) job.slot = null;
  takeEntries(model, system, callNext(model, [job.server]));
}

export async function finish(hold: Hold, model: Model, system: System, outcome: Outcome): Promise<void> {
  const { job } = hold;
  const said = await system.db.transaction((tx) => endJob(tx, job.id, hold.attempt, outcome));
  deepStrictEqual(said, isHeld(hold), 'so is its end');
  hold.over = true;
  if (said) {
    end(job, outcome.state, outcome.error?.code ?? null);
    Object.assign(job, { checkpoint: null, slot: null });
    if (outcome.state === 'Complete') {
      job.bytesTotal = outcome.size ?? job.bytesTotal;
      job.bytesDone = job.bytesTotal;
    }
  }
  await leave(hold, model, system);
}

const outcomes = fc.constantFrom<Outcome>(
  { state: 'Complete', step: 'done', size: 900 },
  { state: 'Complete', step: 'done' },
  { state: 'StoppedWithError', step: 'failed', error: broken },
  { state: 'Interrupted', step: 'failed', error: lost },
);
const ends = outcomes.chain((outcome) =>
  report(`says ${outcome.state}`, (hold, model, system) => finish(hold, model, system, outcome)),
);

const givesBack = fc.tuple(fc.boolean(), fc.boolean()).chain(([failed, progressed]) =>
  report(
    failed ? `fails, and tries again${progressed ? ', further' : ''}` : 'hands back',
    async (hold, model, system) => {
      const { context, db } = system;
      const { job, attempt } = hold;
      const queueId = randomUUID();
      const error = failed ? broken : undefined;
      const said = await db.transaction(async (tx) => {
        const held = await requeueJob(tx, job.id, attempt, queueId, 'again', error, progressed);
        if (held) await context.queue.add(tx, queueId, job.id);
        return held;
      });
      deepStrictEqual(said, isHeld(hold), 'so is what it hands back');
      hold.over = true;
      if (said) {
        job.line = job.slot !== null && !failed ? 'called' : null;
        job.slot = null;
        endAttempt(job, failed ? 'connection_lost' : null, progressed);
      }
      takeEntries(model, system, said ? [job] : []);
      await leave(hold, model, system);
    },
  ),
);

const letsGo = report('has been stopped and lets go', async (hold, model, system) => {
  if (isHeld(hold)) return;
  hold.over = true;
  await leave(hold, model, system);
});

export const workers = [deliver, progress, checkpoint, ends, givesBack, letsGo];
