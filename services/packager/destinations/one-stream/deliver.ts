/**
 * Delivers an archive as one stream, over a protocol that can do no more. Where the protocol can rename: to a temporary
 * name beside the target, compared, then renamed, with its `.sha256` beside it; a reader of that folder never sees
 * half a file. Where it cannot, straight to the final name, and the job says so.
 */
import { Problem } from '@osimage/errors';
import { Pace } from '../../pace.ts';
import type { Body } from '../../send.ts';
import type { TransferLimits } from '../../transfer-limits.ts';
import type { Deliver, Delivered, Delivery } from '../destination.ts';
import { earlierPath } from '../left.ts';
import { checksumLine, type DeliveryNames, namesOf } from '../names.ts';
import { findTarget } from '../target.ts';
import { cleanUp, type Unfinished } from './clean-up.ts';
import { keepPlace, removeTemporary } from './discard.ts';
import { holdsLine, isThisArchive } from './existing.ts';
import { publish } from './publish.ts';
import type { Found, OpenStore, RemoteStore } from './store.ts';
import { compareSize, verifyContent } from './verify.ts';

/** A destination over the stores that `open` gives. */
export function oneStreamDestination(open: OpenStore, limits: TransferLimits): Deliver {
  return async (delivery) => {
    delivery.onStep('connecting to the file server');
    const store = await open(delivery);
    const unfinished: Unfinished[] = [];
    try {
      const delivered = await deliverOver(store, delivery, unfinished, limits);
      store.close();
      return delivered;
    } catch (error) {
      // An abort shows up in many disguises; what counts is why it was asked for.
      const reason: unknown = delivery.signal.aborted ? delivery.signal.reason : error;
      store.close();
      await cleanUp(open, delivery, unfinished, reason, limits);
      throw reason;
    }
  };
}

/** `unfinished` are the files that must not stay; they are only put in before they are made and taken out when published. */
async function deliverOver(
  store: RemoteStore,
  delivery: Delivery,
  unfinished: Unfinished[],
  limits: TransferLimits,
): Promise<Delivered> {
  const { archive, attempt, checkLease, jobId, onProgress, onStep, server, signal } = delivery;
  onStep('checking the target folder');
  const target = await findTarget(store, delivery);
  const { folder, name } = target;
  const names = namesOf(folder, name, jobId, attempt);
  const [existing, sidecar] = [await free(store, names.archive), await free(store, names.checksum)];
  const pace = new Pace(server.options.bytesPerSecond);
  const result = (...notes: string[]): Delivered => {
    const { sha256, size } = archive;
    if (sha256 === undefined) throw noDigest();
    return { finalPath: names.archive, size, sha256, notes: [...store.notes, ...notes] };
  };
  const plan: Plan = { store, delivery, names, unfinished, limits, existing, sidecar, pace };
  if (await isThisArchive(store, delivery, names.archive, existing)) {
    const notes = ['This very archive was there already; nothing was sent.'];
    if (await renewChecksum(plan)) notes.push('Its .sha256 was missing or wrong and was written.');
    return result(...notes);
  }
  if (store.canRename && (target.missing.length === 0 || attempt > 1)) await removeEarlier(plan);
  for (const missing of target.missing) await store.makeFolder(missing);

  onStep('sending');
  const path = store.canRename ? names.archivePartial : names.archive;
  onProgress(0);
  await put(plan, path, existing, {
    size: archive.size,
    chunks: () => archive.stream(signal),
    pace,
    signal,
    onSent: onProgress,
    // Under its final name the file is published by its last bytes.
    beforeEnd: store.canRename ? undefined : checkLease,
  });
  onStep('verifying');
  await compareSize(store, delivery, path, archive.size);
  const notes = await verifyContent(store, delivery, path);
  await putChecksum(plan);
  onStep('publishing');
  await publishAll(plan);
  if (existing !== undefined) notes.push('It replaced another file of that name.');
  return result(...notes);
}

interface Plan {
  readonly store: RemoteStore;
  readonly delivery: Delivery;
  readonly names: DeliveryNames;
  readonly unfinished: Unfinished[];
  readonly limits: TransferLimits;
  /** What lies under the two final names. */
  readonly existing: Found | undefined;
  readonly sidecar: Found | undefined;
  readonly pace: Pace;
}

/** What lies under a final name. A folder there would stop the renaming only after everything was sent. */
async function free(store: RemoteStore, path: string): Promise<Found | undefined> {
  const found = await store.look(path);
  if (found?.folder !== true) return found;
  throw new Problem('conflict', { detail: `A folder is in the way on the file server: ${path}.` });
}

/**
 * An earlier attempt may have died, or may still be writing: without its file it can publish nothing. What lies under our
 * own temporary names may be a link that leads elsewhere.
 */
async function removeEarlier({ delivery, names, store }: Plan): Promise<void> {
  const { attempt, jobId } = delivery;
  // Elsewhere too, where it had another target.
  for (const path of new Set([names.archive, earlierPath(delivery) ?? names.archive]))
    await removeTemporary(store, path, jobId, attempt);
}

function baseOf({ archive }: DeliveryNames): string {
  return archive.slice(archive.lastIndexOf('/') + 1);
}

function lineOf({ delivery, names }: Plan): Buffer {
  const { sha256 } = delivery.archive;
  if (sha256 === undefined) throw noDigest();
  return Buffer.from(checksumLine(sha256, baseOf(names)));
}

function noDigest(): Problem {
  return new Problem('archive_damaged', { detail: 'its checksum is not known' });
}

/** Sends a file that does not stay unless all goes well. `before`: what lies under its final name. */
async function put(plan: Plan, path: string, before: Found | undefined, body: Body): Promise<void> {
  const { delivery, existing, names, store, unfinished } = plan;
  if (unfinished.length === 0) await keepPlace(delivery, store, names.archive, existing);
  unfinished.push({ path, before: store.canRename ? undefined : before });
  await store.put(path, body);
}

/** Sends the file beside the archive, under its temporary name where there is one. */
async function putChecksum(plan: Plan): Promise<void> {
  const { delivery, names, pace, sidecar, store } = plan;
  const { signal } = delivery;
  const line = lineOf(plan);
  const path = store.canRename ? names.checksumPartial : names.checksum;
  const body: Body = {
    size: line.length,
    chunks: async function* () {
      yield line;
    },
    pace,
    signal,
    onSent: () => undefined,
  };
  await put(plan, path, sidecar, body);
  await compareSize(store, delivery, path, line.length);
}

/** Whether the file beside an archive that is there already had to be written. */
async function renewChecksum(plan: Plan): Promise<boolean> {
  if (await holdsLine(plan.store, plan.names.checksum, plan.sidecar, lineOf(plan))) return false;
  await putChecksum(plan);
  await publishAll(plan);
  return true;
}

async function publishAll({ delivery, limits, names, store, unfinished }: Plan): Promise<void> {
  const finals: Readonly<Record<string, string>> = {
    [names.archivePartial]: names.archive,
    [names.checksumPartial]: names.checksum,
  };
  await publish(store, delivery, limits, async () => {
    for (const { path } of [...unfinished]) {
      const final = finals[path];
      if (final !== undefined) await store.replace(path, final);
      unfinished.shift();
    }
  });
}
