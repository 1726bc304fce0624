/** Import of new content (upload finished to job complete) beside `pigz -6`, the size that comes out, and known content. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { collectGarbage } from '@osimage/blob-store';
import type { ImportOrder } from '../../test/support/client.ts';
import { makeSampleProfile } from '../../test/support/sample-profile.ts';
import { corpus } from '../corpus.ts';
import { type Bench, comparison, inTurn, type Table } from '../measure.ts';
import { memoryFolder } from '../places.ts';
import { asOrders, type Product, secondsOf, startProduct } from '../product.ts';
import { shell } from '../shell.ts';
import { gather } from './export.ts';

export async function measureImport(bench: Bench): Promise<Table[]> {
  const files = await corpus();
  const folder = await memoryFolder(bench);
  const input = await gather(files, join(folder, 'input'));
  const product = await startProduct(bench, folder);
  const large = asOrders(files).filter(({ imageType }) => ['DUD', 'BOOT', 'SOFTWARE'].includes(imageType));
  const out = join(folder, 'out');
  const times = await inTurn(
    bench,
    {
      'osimage-export, new content': async () => {
        const imported = await importAll(product, large);
        await forget(product, imported.ids);
        return imported.seconds;
      },
      'pigz -6': async () => {
        await shell(`cat ${large.map(({ path }) => path).join(' ')} | pigz -6 > ${out}`);
      },
    },
    () => shell(`rm -f ${out}`),
  );
  await importAll(product, large);
  const known = await inTurn(bench, {
    'known content': async () => (await importAll(product, large)).seconds,
  });
  const both = new Map([...times, ...known]);
  return [
    comparison('Import of the three large files of the corpus', both),
    await measureSize(product, input),
  ];
}

async function importAll(product: Product, orders: readonly ImportOrder[]) {
  const ids: string[] = [];
  let seconds = 0;
  for (const order of orders) {
    const task = await product.client.import(order);
    seconds += await secondsOf(product, task.jobUID);
    ids.push((task as typeof task & { objectId: string }).objectId);
  }
  return { seconds, ids };
}

/** Deletes files and their content, so that the next import of them is a new one. */
async function forget({ client, db, store }: Product, ids: readonly string[]): Promise<void> {
  await client.ok('DELETE', `/osImages/${ids.join(',')}`, {});
  await collectGarbage(db, { root: store }, { olderThanMs: 0 });
}

async function measureSize(product: Product, input: string): Promise<Table> {
  const profileId = await makeSampleProfile(product.client, asOrders(await corpus()), 'corpus', 'Standard');
  const { jobID } = await product.client.export(profileId);
  const ours = (await product.client.ended(jobID)).size ?? Number.NaN;
  const out = join(input, '../gzip');
  await shell(`tar -C ${input} -chf - . | gzip -6 > ${out}`);
  const gzip = (await stat(out)).size;
  return {
    title: 'Size of the archive',
    rows: [
      ['', 'bytes', 'of gzip'],
      ['osimage-export', String(ours), `${(ours / gzip).toFixed(3)} ×`],
      ['tar | gzip -6', String(gzip), '1 ×'],
    ],
    data: { ours, gzip },
  };
}
