/** Which parts of an archive are read back when not all of it is. */
import { createHash } from 'node:crypto';

// What every SFTP server gives in one READ; with the two ends, half a MiB in all, which one round trip brings.
const SAMPLE_BYTES = 32 * 1024;
const SAMPLES = 16;

/** Where to look: both ends and one place in each sixteenth, chosen by `seed`, as [from, to]. */
export function sampleRanges(size: number, seed: string): (readonly [number, number])[] {
  if (size <= SAMPLE_BYTES * (SAMPLES + 2)) return size === 0 ? [] : [[0, size]];
  const starts = [0, size - SAMPLE_BYTES];
  const stretch = size / SAMPLES;
  for (let index = 0; index < SAMPLES; index += 1) {
    const chance = createHash('sha256').update(`${seed}-${index}`).digest().readUInt32BE() / 2 ** 32;
    const start = Math.floor((index + chance) * stretch);
    starts.push(Math.min(start, size - SAMPLE_BYTES));
  }
  return starts.map((start) => [start, start + SAMPLE_BYTES] as const);
}
