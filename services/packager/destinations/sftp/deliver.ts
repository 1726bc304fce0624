/**
 * Delivers an archive over SFTP: to a temporary name beside the target, compared, then renamed, with its
 * `.sha256` beside it. A reader of that folder never sees half a file. What arrived before a failure stays under its
 * temporary name where another attempt follows, and is removed otherwise, as far as the server can be reached.
 */
import { SftpFiles } from '../../sftp/files.ts';
import { defaultLimits, type SftpLimits } from '../../sftp/limits.ts';
import type { Deliver, Delivered, Delivery } from '../destination.ts';
import { namesOf } from '../names.ts';
import { Checkpoints, keepCheckpoint } from './checkpoint.ts';
import { checksumOf, digestOf, writeChecksum } from './checksum-file.ts';
import { cleanUp, Leftovers } from './clean-up.ts';
import { holdsLine, isThisArchive } from './existing.ts';
import { PartialFile } from './partial-file.ts';
import { publish } from './publish.ts';
import { putBack } from './replace.ts';
import { checkSpace } from './room.ts';
import { sendArchive } from './send.ts';
import { openSession, type Session } from './session.ts';
import { discardAll, earlierNames, takeOver } from './take-over.ts';
import { findTarget, lookAtTarget, makeFolders } from './target.ts';
import { verifyContent } from './verify.ts';

/** A destination with these limits; the packager uses the default ones. */
export function sftpDestination(limits: SftpLimits = defaultLimits): Deliver {
  return (delivery) => deliver(delivery, limits);
}

async function deliver(delivery: Delivery, limits: SftpLimits): Promise<Delivered> {
  const leftovers = new Leftovers(delivery);
  let session: Session | undefined;
  try {
    delivery.onStep('connecting to the file server');
    session = await openSession(delivery, limits);
    const delivered = await deliverOver({ ...session, delivery, leftovers, limits });
    await Promise.all([session.connection.close(), session.fleet.close()]);
    return delivered;
  } catch (error) {
    // An abort shows up in many disguises; what counts is why it was asked for.
    const reason: unknown = delivery.signal.aborted ? delivery.signal.reason : error;
    session?.fleet.abandon(reason);
    await cleanUp(session?.connection, delivery, leftovers, reason, limits);
    throw reason;
  }
}

interface Way extends Session {
  readonly delivery: Delivery;
  readonly leftovers: Leftovers;
  readonly limits: SftpLimits;
}

async function deliverOver(way: Way): Promise<Delivered> {
  const { connection, delivery, leftovers } = way;
  const { archive, attempt, jobId, onStep, server, signal } = delivery;
  const files = new SftpFiles(connection.channel, signal);
  onStep('checking the target folder');
  const target = await findTarget(files, delivery);
  const names = namesOf(target.folder, target.name, jobId, attempt);
  const earlier = earlierNames(delivery, names);
  leftovers.earlier = earlier;
  if (!files.channel.offers('posix-rename@openssh.com', '1')) await putBack(files, earlier);
  const there = await lookAtTarget(files, delivery, names);
  const checksumFile = {
    partial: names.checksumPartial,
    final: names.checksum,
    aside: names.checksumAside,
  };
  const result = () => ({ finalPath: names.archive, size: archive.size, sha256: digestOf(archive) });

  if (await isThisArchive(files, delivery, names.archive, there)) {
    await delivery.checkLease();
    await discardAll(files, earlier);
    const notes = ['This very archive was there already; nothing was sent.'];
    if (await holdsLine(files, names.checksum, checksumOf(archive, names), signal))
      return { ...result(), notes };
    await writeChecksum(files, delivery, names, leftovers);
    notes.push('Its .sha256 was missing or wrong and was written.');
    notes.push(...(await publish(way, [checksumFile])));
    return { ...result(), notes };
  }

  const notes: string[] = [];
  const partial = new PartialFile(files, server, names.archivePartial, archive.size);
  leftovers.add(partial);
  partial.firstByte = () => archive.read(0, 1, signal);
  const proven = await takeOver(files, delivery, names, earlier);
  if (proven > 0) {
    partial.goOn();
    notes.push(`${proven} bytes of an earlier attempt were there already and were not sent again.`);
  }
  await checkSpace(files, server, target.existing, archive.size - proven);
  await makeFolders(files, target, server);

  onStep('sending');
  // Kept before there is a file, and with it the right to make one: without a checkpoint nobody goes on with it.
  partial.beforeCreate = () => keepCheckpoint(delivery, names, 0);
  const keep = (synced: number) => keepCheckpoint(delivery, names, synced);
  const checkpoints = new Checkpoints(connection, names.archivePartial, keep, way.limits.checkpointMs);
  try {
    const note = await sendArchive(delivery, {
      file: partial,
      files,
      fleet: way.fleet,
      roundTripMs: connection.roundTripMs,
      from: proven,
      onWatermark: (bytes) => checkpoints.reached(bytes),
    });
    if (note !== undefined) notes.push(note);
  } finally {
    await checkpoints.close();
  }
  onStep('verifying');
  await partial.finish();
  const [verified, written] = await Promise.allSettled([
    verifyContent(files, delivery, names.archivePartial),
    writeChecksum(files, delivery, names, leftovers),
  ]);
  if (verified.status === 'rejected') throw verified.reason;
  if (written.status === 'rejected') throw written.reason;
  if (verified.value !== undefined) notes.push(verified.value);
  if (there !== undefined) notes.push('It replaced another file of that name.');

  onStep('publishing');
  const archiveFile = {
    partial: names.archivePartial,
    final: names.archive,
    aside: names.archiveAside,
  };
  notes.push(...(await publish(way, [archiveFile, checksumFile])));
  // Once more: a worker that woke up meanwhile may have begun a file of its own before it knew.
  await discardAll(files, earlier).catch(() => undefined);
  return { ...result(), notes };
}
