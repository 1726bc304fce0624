/** The `.sha256` beside an archive, as `sha256sum -c` wants it. */
import { posix } from 'node:path';
import type { Archive } from '@osimage/archive';
import { Problem } from '@osimage/errors';
import type { SftpFiles } from '../../sftp/files.ts';
import type { Delivery } from '../destination.ts';
import { checksumLine, type DeliveryNames } from '../names.ts';
import type { Leftovers } from './clean-up.ts';
import { PartialFile } from './partial-file.ts';

/** Throws Problem archive_damaged when the archive has not been read whole. */
export function digestOf({ sha256 }: Archive): string {
  if (sha256 === undefined) throw new Problem('archive_damaged', { detail: 'its checksum is not known' });
  return sha256;
}

export function checksumOf(archive: Archive, names: DeliveryNames): Buffer {
  return Buffer.from(checksumLine(digestOf(archive), posix.basename(names.archive)));
}

/** Under its temporary name. */
export async function writeChecksum(
  files: SftpFiles,
  { archive, server, signal }: Delivery,
  names: DeliveryNames,
  leftovers: Leftovers,
): Promise<void> {
  const line = checksumOf(archive, names);
  const file = new PartialFile(files, server, names.checksumPartial, line.length);
  leftovers.add(file);
  await file.write((handle) => files.channel.write(handle, 0, line, signal));
  await file.finish();
}
