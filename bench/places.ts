/** Where measures work: memory, or a disk. Each place is a new folder that is gone at the end. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bench } from './measure.ts';
import { shell } from './shell.ts';

/**
 * A folder on tmpfs. As root one of its own with huge pages: in a virtual machine the first touch of small
 * pages costs more than the copy into them, for every contender, and differently each time.
 */
export async function memoryFolder(bench: Bench): Promise<string> {
  if (process.getuid?.() !== 0) return await fresh(bench, '/dev/shm');
  const mount = await fresh(bench, tmpdir());
  await shell(`mount -t tmpfs -o huge=always,size=80% tmpfs ${mount}`);
  bench.atEnd(() => shell(`umount ${mount}`));
  const folder = join(mount, 'bench');
  await mkdir(folder);
  return folder;
}

/** A folder on a disk: below BENCH_DISK, or where temporary files go. */
export async function diskFolder(bench: Bench): Promise<string> {
  return await fresh(bench, process.env.BENCH_DISK ?? tmpdir());
}

async function fresh(bench: Bench, parent: string): Promise<string> {
  const folder = await mkdtemp(join(parent, 'osimage-bench-'));
  bench.atEnd(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
