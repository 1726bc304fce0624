/** Which jobs are small, so that they do not wait behind large ones. */

/** Bytes: what takes a second or two where the disk or the link is as usual. */
const smallMost = 64 * 2 ** 20;

/** Whether a job that moves so many bytes is small. */
export function isSmall(bytes: number): boolean {
  return bytes <= smallMost;
}
