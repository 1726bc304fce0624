/** How time and memory of an export grow with the size of a profile and with its number of files. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { importWindows } from '../../test/support/sample-profile.ts';
import { writeContent } from '../content.ts';
import { type Bench, inTurn, median, type Table } from '../measure.ts';
import { withMemory } from '../memory.ts';
import { diskFolder } from '../places.ts';
import { logPlot } from '../plot.ts';
import { exportOnce, type Product, startProduct } from '../product.ts';
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
    await writeContent(path, size * megabyte);
    const file = await storeFile(product, `size-${size}.zip`, path);
    await rm(path);
    const base = `${imageId}|${imageId}-x86_64-install-Standard`;
    bySize.push(await point(bench, product, size, await storeProfile(product, base, `size-${size}`, [file])));
  }
  const byCount: Point[] = [];
  for (const count of fileCounts)
    byCount.push(await point(bench, product, count, await smallProfile(product, imageId, count)));
  await plot(bySize, byCount);
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
  const { result, above } = await withMemory(product.packagerPid, () =>
    inTurn({ ...bench, runs: 3 }, { [String(at)]: () => exportOnce(product, profileId) }),
  );
  return { at, seconds: median(result.get(String(at)) ?? []), memory: above };
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

/** The curves as a picture for the docs. */
async function plot(bySize: readonly Point[], byCount: readonly Point[]): Promise<void> {
  const series = (points: readonly Point[]) => points.map(({ at, seconds }) => ({ x: at, y: seconds }));
  await writeFile(
    join(import.meta.dirname, '../../docs/growth.svg'),
    logPlot([
      { title: 'Export: seconds against MB of content', points: series(bySize) },
      { title: 'Export: seconds against files of 1 KB', points: series(byCount) },
    ]),
  );
}
