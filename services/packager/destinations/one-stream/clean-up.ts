/** Takes unfinished files back from the server after a failure or a cancel, within a short time or not at all. */
import { setTimeout as pause } from 'node:timers/promises';
import { Problem } from '@osimage/errors';
import type { TransferLimits } from '../../transfer-limits.ts';
import type { Delivery } from '../destination.ts';
import type { Found, OpenStore, RemoteStore } from './store.ts';

export interface Unfinished {
  readonly path: string;
  /** What lay there before, under a final name: only what has changed since is ours. */
  readonly before: Found | undefined;
}

// A server may take a moment to notice that the former connection is gone, and keep its file or its place meanwhile.
const AGAIN_MS = 100;

/**
 * Removes the files over a fresh connection, as the one at hand may be dead or have megabytes in its queue; never
 * throws. An attempt that lost its job removes nothing: what lies there may be its successor's by now. Where nothing helps
 * and no other attempt will remove them, the job is told what may be left.
 */
export async function cleanUp(
  open: OpenStore,
  delivery: Delivery,
  unfinished: readonly Unfinished[],
  reason: unknown,
  limits: TransferLimits,
): Promise<void> {
  if (unfinished.length === 0 || isAttemptLost(reason) || isAttemptLost(delivery.signal.reason)) return;
  const signal = AbortSignal.timeout(limits.cleanUpMs);
  while (!signal.aborted) {
    try {
      if (await removeAll(open, { ...delivery, signal }, unfinished)) return await forget(delivery, reason);
    } catch (error) {
      // The failure that led here is the one to tell; a server that lets nobody in does not change its mind so soon.
      if (error instanceof Problem && !error.transient) break;
    }
    await pause(AGAIN_MS, undefined, { signal }).catch(() => undefined);
  }
  if (delivery.triesAgain(reason)) return;
  const { address } = delivery.server;
  delivery.onNote(
    `A partial file may be left on ${address}, which did not remove it: ${unfinished[0]?.path}.`,
  );
}

/** The next attempt begins anew; until then nobody has to look for anything. */
async function forget({ saveCheckpoint, triesAgain }: Delivery, reason: unknown): Promise<void> {
  // Whoever has lost the job hears of it elsewhere.
  if (triesAgain(reason)) await saveCheckpoint(undefined).catch(() => undefined);
}

async function removeAll(
  open: OpenStore,
  delivery: Delivery,
  unfinished: readonly Unfinished[],
): Promise<boolean> {
  const store = await open(delivery);
  try {
    const gone: boolean[] = [];
    for (const file of unfinished) gone.push(!(await isOurs(store, file)) || (await store.remove(file.path)));
    return gone.every(Boolean);
  } finally {
    store.close();
  }
}

async function isOurs(store: RemoteStore, { path, before }: Unfinished): Promise<boolean> {
  if (before === undefined) return true;
  const now = await store.look(path);
  return now?.stamp !== before.stamp || now?.size !== before.size;
}

function isAttemptLost(reason: unknown): boolean {
  return reason instanceof Problem && reason.code === 'attempt_lost';
}
