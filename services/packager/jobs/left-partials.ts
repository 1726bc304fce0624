/**
 * Partial files that cancelled deliveries have left on their servers: one that waited for its next attempt was to go on
 * with its file, and a worker that died removed nothing.
 */
import {
  findServer,
  type LeftPartial,
  leftPartialsOf,
  leftPartialsOlderThan,
  settlePartial,
} from '@osimage/database';
import { Problem } from '@osimage/errors';
import type { PackagerContext } from '../context.ts';
import { discardFrom } from '../destinations/index.ts';
import { placeOfPartial } from '../destinations/left.ts';
import { openProfile } from '../open-profile.ts';

/** How long a cancel may be held up by it; what is not done then is left to the sweeper. */
const cancelMs = 1_600;
/** So many at once for one cancel; the sweeper takes the rest. */
const cancelMost = 8;
/** A worker that lives has long cleaned up by then, and one that has died will not. */
const sweepAfterMs = 15_000;
const sweepMs = 10_000;
const sweepMost = 4;

/** Of jobs that were cancelled just now and that no worker has. Never throws. */
export async function discardCancelled(context: PackagerContext, ids: readonly string[]): Promise<void> {
  try {
    const left = await leftPartialsOf(context.db, ids);
    const signal = AbortSignal.timeout(cancelMs);
    await Promise.all(left.slice(0, cancelMost).map((one) => discard(context, one, signal)));
  } catch (error) {
    context.log.warn({ err: error }, 'left to the sweeper');
  }
}

/** Of all jobs; where the server cannot be reached now, the job tells what may be left. */
export async function sweepPartials(context: PackagerContext, stop: AbortSignal): Promise<void> {
  const left = await leftPartialsOlderThan(context.db, sweepAfterMs, sweepMost);
  await Promise.all(
    left.map(async (one) => {
      const signal = AbortSignal.any([stop, AbortSignal.timeout(sweepMs)]);
      const note = await discard(context, one, signal);
      if (note !== undefined && !stop.aborted) await settlePartial(context.db, one.id, [note]);
    }),
  );
}

/** Gives what is to be told when it could not be done. Throws when the database is away. */
async function discard(
  context: PackagerContext,
  left: LeftPartial,
  signal: AbortSignal,
): Promise<string | undefined> {
  const row = await findServer(context.db, left.server_id);
  if (row === undefined) return 'A partial file may be left on its file server.';
  const server = await openProfile(context, row).catch((error: unknown) => asProblem(error));
  if (server instanceof Problem) return `A partial file may be left on ${row.address}: ${server.message}`;
  const delivery = { checkpoint: left.checkpoint, jobId: left.id, attempt: left.attempt };
  const place = placeOfPartial(delivery, server);
  if (place === undefined)
    return `A partial file may be left on the server this profile was for before it was changed.`;
  // A key is pinned when something is delivered, not when something is taken away.
  const pinHostKey = async () => server.hostKeys;
  const { addresses, settings } = context;
  const access = { server, signal, addresses, pinHostKey, authorities: settings.OUTBOUND_CA };
  const { address } = server;
  try {
    const discarded = await discardFrom(server.protocol)(delivery, access);
    if (discarded === 'kept')
      return `A partial file may be left on ${address}, which did not remove it: ${place}.`;
    if (discarded === 'foreign')
      return `Half of the archive may be left on ${address}; it was not removed, as it could be another file by now: ${place}.`;
  } catch (error) {
    context.log.info({ err: error, job: left.id }, 'a partial file could not be removed');
    return `A partial file may be left on ${address}, which could not be asked to remove it: ${place}.`;
  }
  await settlePartial(context.db, left.id, []);
  return undefined;
}

function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  throw error;
}
