/**
 * The named points on a job's way, so that a test can hold a job exactly there and do to its process what it likes.
 * Nothing waits unless a module that was loaded before the service asked for it (`node --import`): no setting reaches
 * this, and whoever can load a module into the process can do anything in it already.
 */
import type { Archive } from '@osimage/archive';

/**
 * A local export and an import are published by the commit itself, so only what goes to a file server comes past
 * `after-publish`. `before-commit` is inside the transaction that ends the job.
 */
export type Step =
  | 'claimed'
  | 'first-byte'
  | 'middle'
  | 'before-publish'
  | 'after-publish'
  | 'before-commit'
  | 'after-commit';

/** One attempt at a job. */
export interface JobAttempt {
  readonly id: string;
  readonly attempt: number;
}

type Hold = (step: Step, job: JobAttempt) => Promise<void>;

let hold: Hold | undefined;

/** Every step of every job waits for `wanted` from now on. For tests only. */
export function holdAtSteps(wanted: Hold): void {
  hold = wanted;
}

/** Says that a job is at a step. */
export async function reach(step: Step, job: JobAttempt): Promise<void> {
  await hold?.(step, job);
}

/** For a flow of `total` bytes: told how many there were so far, it reaches the steps among them, each once. */
export function byteSteps(total: number, job: JobAttempt): (bytes: number) => Promise<void> | undefined {
  if (!hold) return () => undefined;
  let next = 0;
  const due: [Step, number][] = [
    ['first-byte', 1],
    ['middle', Math.ceil(total / 2)],
  ];
  return async (bytes) => {
    for (let step = due[next]; step && bytes >= step[1]; step = due[next]) {
      next += 1;
      await reach(step[0], job);
    }
  };
}

/** The archive itself; while tests hold, one whose bytes reach the steps as they are read. */
export function archiveWithSteps(archive: Archive, job: JobAttempt): Archive {
  if (!hold) return archive;
  const reached = byteSteps(archive.size, job);
  return {
    size: archive.size,
    bodySize: archive.bodySize,
    identity: archive.identity,
    async read(offset, length, signal) {
      const bytes = await archive.read(offset, length, signal);
      await reached(offset + bytes.length);
      return bytes;
    },
    async *stream(signal) {
      let read = 0;
      for await (const chunk of archive.stream(signal)) {
        read += chunk.length;
        await reached(read);
        yield chunk;
      }
    },
    get sha256() {
      return archive.sha256;
    },
    get chunks() {
      return archive.chunks;
    },
    close: () => archive.close(),
  };
}
