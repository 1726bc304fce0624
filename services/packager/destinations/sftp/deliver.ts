/**
 * Delivers an archive over SFTP: to a temporary name beside the target, compared, then renamed, with its
 * `.sha256` beside it. A reader of that folder never sees half a file; whatever goes wrong, the partial files
 * are removed as far as the server can be reached.
 */
import { Problem } from '@osimage/errors';
import { connect, type SftpConnection } from '../../sftp/connect.ts';
import { remoteProblem } from '../../sftp/errors.ts';
import { isFolder, SftpFiles } from '../../sftp/files.ts';
import { defaultLimits, type SftpLimits } from '../../sftp/limits.ts';
import type { Deliver, Delivered, Delivery } from '../destination.ts';
import { cleanUp } from './clean-up.ts';
import { checksumLine, type DeliveryNames, namesOf } from './names.ts';
import { checkSpace, PartialFile } from './partial-file.ts';
import { findTarget, makeFolders } from './target.ts';
import { upload } from './upload.ts';

/** A destination with these limits; the packager uses the default ones. */
export function sftpDestination(limits: SftpLimits = defaultLimits): Deliver {
  return async (delivery) => {
    delivery.onStep('connecting to the file server');
    const connection = await connect(delivery, limits);
    const partials: PartialFile[] = [];
    try {
      const delivered = await deliverOver(connection, delivery, partials, limits);
      await connection.close();
      return delivered;
    } catch (error) {
      // An abort shows up in many disguises; what counts is why it was asked for.
      const reason: unknown = delivery.signal.aborted ? delivery.signal.reason : error;
      await cleanUp(connection, delivery, partials, reason, limits);
      throw reason;
    }
  };
}

/** `partials` are the files that must not stay; they are only put in before they are made and taken out when renamed. */
async function deliverOver(
  connection: SftpConnection,
  delivery: Delivery,
  partials: PartialFile[],
  limits: SftpLimits,
): Promise<Delivered> {
  const { archive, attempt, jobId, onProgress, onStep, server, signal } = delivery;
  const files = new SftpFiles(connection.channel, signal);
  onStep('checking the target folder');
  const target = await findTarget(files, delivery);
  const { folder, name } = target;
  const names = namesOf(folder, name, jobId, attempt);
  for (let earlier = 1; earlier < attempt; earlier += 1) {
    // It may have died, or may still be writing: without its file it can publish nothing.
    await discard(files, server, namesOf(folder, name, jobId, earlier));
  }
  await checkSpace(files, server, target.existing, archive.size);
  await makeFolders(files, target, server);
  await refuseFolders(files, delivery, names);

  onStep('sending');
  const archiveFile = new PartialFile(files, server, names.archivePartial, archive.size);
  partials.push(archiveFile);
  await archiveFile.write((handle, onWritten) =>
    upload(files, handle, archive, signal, (bytes) => {
      onWritten(bytes);
      onProgress(bytes);
    }),
  );
  onStep('verifying');
  await archiveFile.finish();

  const { sha256 } = archive;
  if (sha256 === undefined) throw new Problem('archive_damaged', { detail: 'its checksum is not known' });
  const line = Buffer.from(checksumLine(sha256, name));
  const checksumFile = new PartialFile(files, server, names.checksumPartial, line.length);
  partials.push(checksumFile);
  await checksumFile.write((handle) => files.channel.write(handle, 0, line, signal).acknowledged);
  await checksumFile.finish();

  onStep('publishing');
  await publish(connection, delivery, names, partials, limits);
  return { finalPath: names.archive, size: archive.size, sha256 };
}

async function discard(files: SftpFiles, server: Delivery['server'], names: DeliveryNames): Promise<void> {
  const paths = [names.archivePartial, names.checksumPartial];
  await Promise.all(paths.map((path) => new PartialFile(files, server, path, 0).discard(files)));
}

/** A folder under one of the final names would stop the renaming only after everything was sent. */
async function refuseFolders(files: SftpFiles, delivery: Delivery, names: DeliveryNames): Promise<void> {
  for (const path of [names.archive, names.checksum]) {
    const found = await files.lstat(path).catch((error: unknown) => {
      throw remoteProblem(error, delivery.server, `look at ${path}`, path);
    });
    if (found === undefined || !isFolder(found)) continue;
    throw new Problem('conflict', { detail: `A folder is in the way on the file server: ${path}.` });
  }
}

/**
 * Makes both files visible. From the first rename on a cancel comes too late to be honoured, as it could only
 * leave an archive without its checksum; it does limit the time.
 */
async function publish(
  connection: SftpConnection,
  delivery: Delivery,
  names: DeliveryNames,
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
    for (const [from, to] of [
      [names.archivePartial, names.archive],
      [names.checksumPartial, names.checksum],
    ] as const) {
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
