/**
 * Delivers an archive over SFTP: to a temporary name beside the target, compared, then renamed, with its
 * `.sha256` beside it. A reader of that folder never sees half a file; whatever goes wrong, the partial files
 * are removed as far as the server can be reached.
 */
import { posix } from 'node:path';
import { Problem } from '@osimage/errors';
import type { SftpConnection } from '../../sftp/connection.ts';
import { remoteProblem } from '../../sftp/errors.ts';
import { isFolder, SftpFiles } from '../../sftp/files.ts';
import { defaultLimits, type SftpLimits } from '../../sftp/limits.ts';
import type { Attributes } from '../../sftp/packets.ts';
import type { Deliver, Delivered, Delivery } from '../destination.ts';
import { cleanUp } from './clean-up.ts';
import { holdsLine, isThisArchive } from './existing.ts';
import { checksumLine, type DeliveryNames, namesOf } from './names.ts';
import { checkSpace, PartialFile } from './partial-file.ts';
import { sendArchive } from './send.ts';
import { openSession, type Session, Sharing } from './session.ts';
import { findTarget, makeFolders } from './target.ts';
import { verifyContent } from './verify.ts';

/** A destination with these limits; the packager uses the default ones. */
export function sftpDestination(limits: SftpLimits = defaultLimits): Deliver {
  const sharing = new Sharing();
  return (delivery) => sharing.during(delivery.server.id, (count) => deliver(delivery, limits, count));
}

async function deliver(delivery: Delivery, limits: SftpLimits, sharing: () => number): Promise<Delivered> {
  delivery.onStep('connecting to the file server');
  const session = await openSession(delivery, limits, sharing);
  const { connection, fleet } = session;
  const partials: PartialFile[] = [];
  try {
    const delivered = await deliverOver(session, delivery, partials, limits);
    await Promise.all([connection.close(), fleet.close()]);
    return delivered;
  } catch (error) {
    // An abort shows up in many disguises; what counts is why it was asked for.
    const reason: unknown = delivery.signal.aborted ? delivery.signal.reason : error;
    fleet.abandon(reason);
    await cleanUp(connection, delivery, partials, reason, limits);
    throw reason;
  }
}

/** `partials` are the files that must not stay; they are only put in before they are made and taken out when renamed. */
async function deliverOver(
  { connection, fleet }: Session,
  delivery: Delivery,
  partials: PartialFile[],
  limits: SftpLimits,
): Promise<Delivered> {
  const { archive, attempt, jobId, onStep, server, signal } = delivery;
  const files = new SftpFiles(connection.channel, signal);
  onStep('checking the target folder');
  const target = await findTarget(files, delivery);
  const { folder, name } = target;
  const names = namesOf(folder, name, jobId, attempt);
  for (let earlier = 1; earlier < attempt; earlier += 1) {
    // It may have died, or may still be writing: without its file it can publish nothing.
    await discard(files, server, namesOf(folder, name, jobId, earlier));
  }
  const there = await lookAtTarget(files, delivery, names);
  if (await isThisArchive(files, delivery, names.archive, there)) {
    const notes = ['This very archive was there already; nothing was sent.'];
    if (await putChecksum(connection, delivery, names, partials, limits))
      notes.push('Its .sha256 was missing or wrong and was written.');
    return { ...resultOf(delivery, names), notes };
  }
  await checkSpace(files, server, target.existing, archive.size);
  await makeFolders(files, target, server);

  onStep('sending');
  const archiveFile = new PartialFile(files, server, names.archivePartial, archive.size);
  partials.push(archiveFile);
  const { roundTripMs } = connection;
  const onWatermark = () => {};
  const inOrder = await sendArchive(delivery, {
    file: archiveFile,
    files,
    fleet,
    roundTripMs,
    from: 0,
    onWatermark,
  });
  onStep('verifying');
  await archiveFile.finish();
  const [verified, written] = await Promise.allSettled([
    verifyContent(files, delivery, names.archivePartial),
    writeChecksum(files, delivery, names, partials),
  ]);
  if (verified.status === 'rejected') throw verified.reason;
  if (written.status === 'rejected') throw written.reason;
  const notes = [inOrder, verified.value].filter((note) => note !== undefined);
  if (there !== undefined) notes.push('It replaced another file of that name.');

  onStep('publishing');
  const renames = [
    [names.archivePartial, names.archive],
    [names.checksumPartial, names.checksum],
  ] as const;
  await publish(connection, delivery, renames, partials, limits);
  return { ...resultOf(delivery, names), notes };
}

function resultOf({ archive }: Delivery, names: DeliveryNames): Delivered {
  return { finalPath: names.archive, size: archive.size, sha256: digestOf(archive) };
}

function digestOf({ sha256 }: Delivery['archive']): string {
  if (sha256 === undefined) throw new Problem('archive_damaged', { detail: 'its checksum is not known' });
  return sha256;
}

function checksumOf({ archive }: Delivery, names: DeliveryNames): Buffer {
  return Buffer.from(checksumLine(digestOf(archive), posix.basename(names.archive)));
}

/** The file beside the archive, under its temporary name. */
async function writeChecksum(
  files: SftpFiles,
  delivery: Delivery,
  names: DeliveryNames,
  partials: PartialFile[],
): Promise<void> {
  const line = checksumOf(delivery, names);
  const file = new PartialFile(files, delivery.server, names.checksumPartial, line.length);
  partials.push(file);
  await file.write((handle) => files.channel.write(handle, 0, line, delivery.signal));
  await file.finish();
}

/** Whether the file beside an archive that is there already had to be written. */
async function putChecksum(
  connection: SftpConnection,
  delivery: Delivery,
  names: DeliveryNames,
  partials: PartialFile[],
  limits: SftpLimits,
): Promise<boolean> {
  const files = new SftpFiles(connection.channel, delivery.signal);
  if (await holdsLine(files, names.checksum, checksumOf(delivery, names), delivery.signal)) return false;
  await writeChecksum(files, delivery, names, partials);
  await publish(connection, delivery, [[names.checksumPartial, names.checksum]], partials, limits);
  return true;
}

async function discard(files: SftpFiles, server: Delivery['server'], names: DeliveryNames): Promise<void> {
  const paths = [names.archivePartial, names.checksumPartial];
  await Promise.all(paths.map((path) => new PartialFile(files, server, path, 0).discard(files)));
}

/**
 * What lies under the name of the archive. A folder under one of the final names would stop the renaming only
 * after everything was sent.
 */
async function lookAtTarget(
  files: SftpFiles,
  delivery: Delivery,
  names: DeliveryNames,
): Promise<Attributes | undefined> {
  const look = async (path: string) => {
    const found = await files.lstat(path).catch((error: unknown) => {
      throw remoteProblem(error, delivery.server, `look at ${path}`, path);
    });
    if (found === undefined || !isFolder(found)) return found;
    throw new Problem('conflict', { detail: `A folder is in the way on the file server: ${path}.` });
  };
  const [archive] = await Promise.all([look(names.archive), look(names.checksum)]);
  return archive;
}

/**
 * Makes files visible, each by [from, to]. From the first rename on a cancel comes too late to be honoured, as it could only
 * leave an archive without its checksum; it does limit the time.
 */
async function publish(
  connection: SftpConnection,
  delivery: Delivery,
  renames: readonly (readonly [string, string])[],
  partials: PartialFile[],
  limits: SftpLimits,
): Promise<void> {
  const { checkLease, server, signal } = delivery;
  signal.throwIfAborted();
  await checkLease();
  signal.throwIfAborted();
  const files = new SftpFiles(connection.channel);
  let timer: NodeJS.Timeout | undefined;
  const onAbort = () => {
    timer = setTimeout(() => connection.abandon(signal.reason), limits.cleanUpMs / 2);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    for (const [from, to] of renames) {
      await files.replace(from, to).catch((error: unknown) => {
        throw remoteProblem(error, server, 'rename the file', to);
      });
      partials.shift();
    }
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}
