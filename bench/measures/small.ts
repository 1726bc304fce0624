/** A profile with 10,000 files of 1 KB: its export, and a page of the list that shows it. */
import { randomBytes } from 'node:crypto';
import { importWindows } from '../../test/support/sample-profile.ts';
import { type Bench, inTurn, median, type Table } from '../measure.ts';
import { memoryFolder } from '../places.ts';
import { exportOnce, type Product, startProduct } from '../product.ts';
import { storeFile, storeProfile } from '../stored-files.ts';

const count = 10_000;
const size = 1_000;

export async function measureSmall(bench: Bench): Promise<Table[]> {
  const folder = await memoryFolder(bench);
  const product = await startProduct(bench, folder);
  const imageId = await importWindows(product.client, folder, 'win2016');
  bench.say(`storing ${count} files`);
  const profileId = await smallProfile(product, imageId, count);
  const times = await inTurn(bench, {
    export: () => exportOnce(product, profileId),
    list: async () => {
      await product.client.ok('GET', `/osImages?imageType=OSPROFILE&id=${encodeURIComponent(profileId)}`);
    },
  });
  const row = (name: string, target: string) => [
    name,
    `${median(times.get(name) ?? []).toFixed(3)} s`,
    target,
  ];
  return [
    {
      title: `A profile of ${count} files of ${size} bytes`,
      rows: [['', 'median', 'target'], row('export', 'under 2 s'), row('list', 'under 0.2 s')],
      data: Object.fromEntries(times),
    },
  ];
}

/** Makes a profile of `files` small files, each of other content; gives its id. */
export async function smallProfile(product: Product, imageId: string, files: number): Promise<string> {
  const ids: string[] = [];
  const names = Array.from({ length: files }, (_, index) => `small-${files}-${index}.zip`);
  const lane = async () => {
    for (let name = names.pop(); name; name = names.pop())
      ids.push(await storeFile(product, name, Buffer.from(randomBytes(size / 2).toString('hex'))));
  };
  await Promise.all([lane(), lane(), lane(), lane()]);
  return await storeProfile(product, `${imageId}|${imageId}-x86_64-install-Standard`, `small-${files}`, ids);
}
