/** The local export on a disk, everything on it before the job is complete, beside a plain synced copy. */
import { join } from 'node:path';
import { makeSampleProfile } from '../../test/support/sample-profile.ts';
import { corpus } from '../corpus.ts';
import { type Bench, comparison, inTurn, type Table } from '../measure.ts';
import { diskFolder, memoryFolder } from '../places.ts';
import { asOrders, exportOnce, startProduct } from '../product.ts';
import { shell } from '../shell.ts';
import { gather } from './export.ts';

export async function measureDisk(bench: Bench): Promise<Table[]> {
  const files = await corpus();
  const memory = await memoryFolder(bench);
  const disk = await diskFolder(bench);
  const input = await gather(files, join(memory, 'input'));
  const product = await startProduct(bench, disk);
  const profileId = await makeSampleProfile(product.client, asOrders(files), 'corpus', 'Standard');
  // The bytes to copy are the archive itself.
  const { jobID, filename } = await product.client.export(profileId);
  await product.client.ended(jobID);
  const archive = join(memory, filename);
  await shell(`cp $(find ${product.store}/exports -name '${filename}') ${archive}; sync`);
  await product.client.ok('DELETE', `/osImages/${filename}`, {});
  const out = join(disk, 'out');
  const times = await inTurn(
    bench,
    {
      'osimage-export': () => exportOnce(product, profileId),
      'tee >(sha256sum) | dd conv=fsync': async () => {
        await shell(
          `tee >(sha256sum >${memory}/sum) <${archive} | dd of=${out} bs=1M conv=fsync status=none`,
        );
      },
      'tar | pigz -6, then sync': async () => {
        await shell(`tar -C ${input} -chf - . | pigz -6 > ${out} && sync ${out}`);
      },
    },
    () => shell(`rm -f ${out}; sync`),
  );
  return [comparison('Local export of the corpus on a disk, synced', times)];
}
