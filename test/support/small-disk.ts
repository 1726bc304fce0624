/** A small disk that can be filled: a file system in memory, mounted for one test. */
import { execFile } from 'node:child_process';
import { appendFileSync, rmSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Test } from 'tap';

const run = promisify(execFile);
export const MIB = 1024 * 1024;

export interface SmallDisk {
  readonly folder: string;
  /** Takes all that is left, at once: nothing else of this process runs meanwhile. */
  fill(): void;
  /** Gives back what fill() took. */
  free(): void;
}

/**
 * Mounts one of `mib` MiB for `t`, on a new folder or over `place`; skips the test where that needs more rights, and
 * gives undefined.
 */
export async function smallDisk(t: Test, mib: number, place?: string): Promise<SmallDisk | undefined> {
  const folder = place ?? (await mkdtemp(join(tmpdir(), 'osimage-small-')));
  await mkdir(folder, { recursive: true });
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${mib}m,mode=755`, 'osimage-test', folder]);
  } catch {
    if (place === undefined) await rm(folder, { recursive: true });
    t.pass('a small disk', { skip: 'mounting a file system needs root' });
    return undefined;
  }
  t.teardown(async () => {
    await run('umount', ['-l', folder]);
    if (place === undefined) await rm(folder, { recursive: true });
  });
  const taken = join(folder, 'somebody-elses');
  const fill = () => {
    const block = Buffer.alloc(MIB);
    try {
      for (;;) appendFileSync(taken, block);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  };
  return { folder, fill, free: () => rmSync(taken, { force: true }) };
}
