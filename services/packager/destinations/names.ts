/** The names a delivery uses in the target folder besides the archive's own. */
import { posix } from 'node:path';
import { Problem } from '@osimage/errors';

// NAME_MAX of Linux file systems, bytes.
const MAX_NAME_BYTES = 255;
// NAME_MAX of eCryptfs, which encrypts the folders of some storage devices: our own names must fit where the archive's does.
const MAX_PARTIAL_BYTES = 143;

/** Paths of everything a delivery leaves, for good or for a while, in the target folder. */
export interface DeliveryNames {
  readonly archive: string;
  /** The line `sha256sum -c` wants. */
  readonly checksum: string;
  readonly archivePartial: string;
  readonly checksumPartial: string;
  /** Where old files go for the moment in which new ones take their names, on servers that cannot do that at once. */
  readonly archiveAside: string;
  readonly checksumAside: string;
}

/**
 * Partial names carry job and attempt, so that no two attempts ever write the same file and a later one knows
 * what an earlier one left. Throws Problem invalid_request when the name leaves no room for `.sha256`.
 */
export function namesOf(folder: string, name: string, jobId: string, attempt: number): DeliveryNames {
  const checksum = `${name}.sha256`;
  if (Buffer.byteLength(checksum) > MAX_NAME_BYTES) {
    throw new Problem('invalid_request', {
      detail: `The file name of path is longer than ${MAX_NAME_BYTES - 7} bytes, which leaves no room for .sha256 after it.`,
    });
  }
  const within = (file: string) => posix.join(folder, file);
  return {
    archive: within(name),
    checksum: within(checksum),
    archivePartial: within(partialName(name, `.${jobId}-${attempt}.part`)),
    checksumPartial: within(partialName(name, `.${jobId}-${attempt}.sha256.part`)),
    archiveAside: within(partialName(name, `.${jobId}-${attempt}.old`)),
    checksumAside: within(partialName(name, `.${jobId}-${attempt}.sha256.old`)),
  };
}

/** A long name is cut so that the end, which tells the files apart, always fits. */
function partialName(name: string, end: string): string {
  let start = name;
  // Whole characters only: half a UTF-8 sequence is no name.
  while (Buffer.byteLength(`.${start}${end}`) > MAX_PARTIAL_BYTES) start = [...start].slice(0, -1).join('');
  return `.${start}${end}`;
}

/** What stands in the `.sha256` file. A backslash in a name is written as sha256sum does it. */
export function checksumLine(sha256: string, name: string): string {
  return name.includes('\\') ? `\\${sha256}  ${name.replaceAll('\\', '\\\\')}\n` : `${sha256}  ${name}\n`;
}
