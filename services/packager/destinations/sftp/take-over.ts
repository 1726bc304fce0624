/**
 * Goes on with the partial file of an earlier attempt, as far as it is proven. The file is renamed first: whoever
 * made it may only be asleep, and without the name can neither publish nor remove it. Its handle stays open, but what
 * it still writes through it are the same bytes in the same places, as the checkpoint names the same archive.
 */
import type { Archive } from '@osimage/archive';
import { SftpStatus } from '../../sftp/errors.ts';
import { isRegular, type SftpFiles } from '../../sftp/files.ts';
import { equalUntil } from '../compare.ts';
import type { Delivery } from '../destination.ts';
import { earlierPath, namesUpTo } from '../left.ts';
import type { DeliveryNames } from '../names.ts';
import { sampleRanges } from '../samples.ts';
import { readCheckpoint } from './checkpoint.ts';
import { remoteContent } from './compare.ts';
import { differingRange } from './verify.ts';

const READ_BYTES = 2 * 1024 * 1024;

/** What the attempts before this one may have left, the last one first; elsewhere too, where they had another target. */
export function earlierNames(delivery: Delivery, names: DeliveryNames): readonly DeliveryNames[] {
  const { attempt, jobId } = delivery;
  const paths = new Set([names.archive, earlierPath(delivery) ?? names.archive]);
  return [...paths].flatMap((path) => namesUpTo(path, jobId, attempt - 1));
}

/**
 * Gives the bytes that need not be sent again; if there are any, they are in the partial file of this attempt. Nothing
 * else is left of `earlier` attempts. Throws what the channel throws, and Problem attempt_lost.
 */
export async function takeOver(
  files: SftpFiles,
  delivery: Delivery,
  names: DeliveryNames,
  earlier: readonly DeliveryNames[],
): Promise<number> {
  if (earlier.length === 0) return 0;
  const checkpoint = readCheckpoint(delivery, names);
  const found = await Promise.all(earlier.map((one) => sizeOf(files, one.archivePartial)));
  // A worker that wakes up late may make one of its own name after its successors have begun: the last one counts.
  const at = checkpoint === undefined ? -1 : found.findIndex((size) => size !== undefined);
  const last = earlier[at];
  const fits = (found[at] ?? 0) <= delivery.archive.size;
  await delivery.checkLease();
  const held = last !== undefined && fits && (await take(files, last, names));
  await discardAll(files, earlier);
  if (!held || checkpoint === undefined) return 0;
  // Under an older name than the checkpoint speaks of lies another file.
  const synced = delivery.attempt - 1 - at >= checkpoint.attempt ? checkpoint.synced : 0;
  const proven = await prove(files, delivery, names.archivePartial, synced);
  // Nothing to go on with: a new file is as good, and surely nobody else's.
  if (proven === 0) await discardAll(files, [names]);
  return proven;
}

/** Removes what attempts have left under these names. Throws what the channel throws. */
export async function discardAll(files: SftpFiles, attempts: readonly DeliveryNames[]): Promise<void> {
  const paths = attempts.flatMap((names) => [names.archivePartial, names.checksumPartial]);
  await Promise.all(paths.map((path) => unlessRefused(files.remove(path))));
}

async function sizeOf(files: SftpFiles, path: string): Promise<number | undefined> {
  const found = await unlessRefused(files.lstat(path));
  return found !== undefined && isRegular(found) ? (found.size ?? 0) : undefined;
}

async function take(files: SftpFiles, from: DeliveryNames, to: DeliveryNames): Promise<boolean> {
  const renamed = await unlessRefused(files.rename(from.archivePartial, to.archivePartial).then(() => true));
  return renamed === true;
}

/**
 * So many bytes at the beginning are those of the archive. `synced` are on the server's disk, which is tried here and
 * there all the same; what lies beyond is read back and compared. A length alone proves nothing: writes side by side
 * leave holes.
 */
async function prove(files: SftpFiles, delivery: Delivery, path: string, synced: number): Promise<number> {
  const { archive, jobId, attempt, onProgress, onStep, signal } = delivery;
  onStep('comparing what has arrived already');
  // Looked at once more under its new name, which nobody else knows.
  const size = (await sizeOf(files, path)) ?? 0;
  let from = size >= synced ? synced : 0;
  try {
    const samples = sampleRanges(from, `${jobId}-${attempt}`);
    if ((await differingRange(files, delivery, path, samples)) !== undefined) from = 0;
    const theirs = remoteContent(files, path, signal, from);
    return (
      from +
      (await equalUntil(rangeOf(archive, from, size, signal), theirs, (bytes) => onProgress(from + bytes)))
    );
  } catch (error) {
    // A folder one may only put files into: then the server's word counts, that so much is on its disk.
    if (error instanceof SftpStatus || error instanceof RangeError) return from;
    throw error;
  }
}

/** The bytes of an archive from `from` up to `to`, without hashing them. */
async function* rangeOf(
  archive: Archive,
  from: number,
  to: number,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  for (let at = from; at < to; at += READ_BYTES)
    yield await archive.read(at, Math.min(READ_BYTES, to - at), signal);
}

/** Undefined when the server says no. */
async function unlessRefused<Value>(work: Promise<Value>): Promise<Value | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof SftpStatus) return undefined;
    throw error;
  }
}
