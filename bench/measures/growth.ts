/** How time and memory of an export grow with the size of a profile and with its number of files. */
import { randomBytes } from 'node:crypto';
import { open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { importWindows } from '../../test/support/sample-profile.ts';
import { type Bench, inTurn, median, type Table } from '../measure.ts';
import { diskFolder } from '../places.ts';
import { exportOnce, type Product, residentBytes, startProduct } from '../product.ts';
import { storeFile, storeProfile } from '../stored-files.ts';
import { smallProfile } from './small.ts';

const megabytes = [1, 10, 100, 1_000, 10_000, 20_000];
const fileCounts = [1, 10, 100, 1_000, 10_000];
const megabyte = 1_000_000;

export async function measureGrowth(bench: Bench): Promise<Table[]> {
  const folder = await diskFolder(bench);
  const product = await startProduct(bench, folder);
  const imageId = await importWindows(product.client, folder, 'win2016');
  const bySize: Point[] = [];
  for (const size of megabytes) {
    const path = join(folder, `${size}.bin`);
    await writeRepeating(path, size * megabyte);
    const file = await storeFile(product, `size-${size}.zip`, path);
    await rm(path);
    const base = `${imageId}|${imageId}-x86_64-install-Standard`;
    bySize.push(await point(bench, product, size, await storeProfile(product, base, `size-${size}`, [file])));
  }
  const byCount: Point[] = [];
  for (const count of fileCounts)
    byCount.push(await point(bench, product, count, await smallProfile(product, imageId, count)));
  return [
    asTable('Export against the size of the profile', 'MB', bySize),
    asTable('Export against the number of files of 1 KB', 'files', byCount),
  ];
}

interface Point {
  readonly at: number;
  readonly seconds: number;
  /** Most resident memory of the packager above its idle one while the job ran, bytes. */
  readonly memory: number;
}

async function point(bench: Bench, product: Product, at: number, profileId: string): Promise<Point> {
  const idle = await residentBytes(product.packagerPid);
  let most = idle;
  let watching = true;
  const watch = (async () => {
    while (watching) {
      most = Math.max(most, await residentBytes(product.packagerPid));
      await pause(20);
    }
  })();
  const times = await inTurn({ ...bench, runs: 3 }, { [String(at)]: () => exportOnce(product, profileId) });
  watching = false;
  await watch;
  return { at, seconds: median(times.get(String(at)) ?? []), memory: most - idle };
}

/** Content that repeats itself after 64 MiB of random bytes, so that 20 GB take little time to make. */
async function writeRepeating(path: string, size: number): Promise<void> {
  const block = randomBytes(Math.min(size, 64 * 1024 * 1024));
  await writeFile(path, '');
  const file = await open(path, 'w');
  try {
    for (let at = 0; at < size; at += block.length)
      await file.write(block, 0, Math.min(block.length, size - at), at);
  } finally {
    await file.close();
  }
}

function asTable(title: string, unit: string, points: readonly Point[]): Table {
  return {
    title,
    rows: [
      [unit, 'seconds', 'memory above idle, MB'],
      ...points.map(({ at, seconds, memory }) => [
        String(at),
        seconds.toFixed(3),
        (memory / megabyte).toFixed(0),
      ]),
    ],
    data: points,
  };
}
