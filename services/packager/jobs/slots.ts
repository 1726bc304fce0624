/**
 * Who may use a remote file server now. A job without a slot occupies no worker: it waits in its server's line under a
 * queue entry that sleeps, and is called, with one that does not, when a slot is free.
 */
import { randomUUID } from 'node:crypto';
import {
  callWaiting,
  findRoom,
  freeSlot,
  type Place,
  type Queryable,
  serversWaitedFor,
  takeSlot,
  waitInLine,
} from '@osimage/database';
import { isDatabaseAway, notFound } from '@osimage/errors';
import type { PackagerContext } from '../context.ts';
import type { EntryOptions } from './queue.ts';

// Nobody should have to rely on it: whoever frees a slot calls the next, and so does the sweeper.
const asleepMs = 3_600_000;

/** The entry of a job that waits in line. */
const asleep: EntryOptions = { delayMs: asleepMs, behind: true };

interface Beginning {
  slotLine: 'waiting' | 'called';
  step: string;
  entry: EntryOptions;
}

/** How a new job that uses a server begins; throws Problem not_found when there is no such server. */
export async function beginInLine(
  { settings }: PackagerContext,
  tx: Queryable,
  serverId: string,
  small: boolean,
): Promise<Beginning> {
  const place = await findRoom(tx, serverId, settings.SERVER_JOBS);
  if (!place) throw notFound('remote file server', serverId.slice(0, 40));
  if (place.waitsFor) return { slotLine: 'waiting', step: stepOf(place), entry: asleep };
  return { slotLine: 'called', step: 'waiting', entry: { small } };
}

/** Takes the slot a job needs, in the transaction that claims it; false: it waits in line now, and must not run. */
export async function takeOrWait(
  { queue, settings }: PackagerContext,
  tx: Queryable,
  jobId: string,
  queueId: string,
): Promise<boolean> {
  const place = await takeSlot(tx, jobId, queueId, settings.SERVER_JOBS);
  if (!place.waitsFor) return true;
  const newId = randomUUID();
  if (await waitInLine(tx, jobId, queueId, newId, stepOf(place))) await queue.add(tx, newId, jobId, asleep);
  return false;
}

function stepOf({ waitsFor }: Place): string {
  return `waiting for a free slot on ${waitsFor?.name}`;
}

/** Calls those who wait for these servers and have room there. What cannot be done now, the sweeper does. */
export async function callNext(
  { db, queue, settings, log }: PackagerContext,
  serverIds: Iterable<string>,
): Promise<void> {
  try {
    for (const serverId of new Set(serverIds)) {
      await db.transaction(async (tx) => {
        for (const job of await callWaiting(tx, serverId, settings.SERVER_JOBS)) {
          await queue.add(tx, job.queueId, job.id, { small: job.small });
          await queue.drop(tx, [job.formerId]);
        }
      });
    }
  } catch (error) {
    if (!isDatabaseAway(error)) log.warn({ err: error }, 'left to the sweeper');
  }
}

/** Gives back what an attempt held of its server, and calls the next. */
export async function leaveServer(
  context: PackagerContext,
  job: { id: string; attempt: number; server_id: string | null },
): Promise<void> {
  if (job.server_id === null) return;
  await freeSlot(context.db, job.id, job.attempt).catch((error: unknown) => {
    if (!isDatabaseAway(error)) context.log.warn({ err: error }, 'left to the sweeper');
  });
  await callNext(context, [job.server_id]);
}

/** Calls whoever could have been called before: after a limit was raised, or a worker died. */
export async function callAll(context: PackagerContext): Promise<void> {
  await callNext(context, await serversWaitedFor(context.db));
}
