/** The local export of the imported corpus, beside what people pipe together on the same bytes; all in memory. */
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { makeSampleProfile } from '../../test/support/sample-profile.ts';
import { type CorpusFile, corpus } from '../corpus.ts';
import { type Bench, comparison, inTurn, type Table } from '../measure.ts';
import { memoryFolder } from '../places.ts';
import { asOrders, exportOnce, startProduct } from '../product.ts';
import { shell } from '../shell.ts';

export async function measureExport(bench: Bench): Promise<Table[]> {
  const files = await corpus();
  const folder = await memoryFolder(bench);
  const input = await gather(files, join(folder, 'input'));
  const product = await startProduct(bench, folder);
  bench.say('importing the corpus');
  const profileId = await makeSampleProfile(product.client, asOrders(files), 'corpus', 'Standard');
  const out = join(folder, 'out');
  const times = await inTurn(
    bench,
    {
      'osimage-export': () => exportOnce(product, profileId),
      'tar | pigz -6': () => run(`tar -C ${input} -chf - . | pigz -6 > ${out}`),
      'tar | igzip -1': () => run(`tar -C ${input} -chf - . | igzip -1 -c > ${out}`),
      'node-tar, gzip 6': () => run(`${process.execPath} -e '${nodeTar(input, out)}'`),
    },
    // A virtual machine gives memory that is free, or that nobody looks at, back to its host; who touches it first pays for
    // fetching it again. So all contenders' input is read before each turn, and more than an output's memory written.
    () =>
      shell(
        `cat ${input}/* ${product.store}/blobs/*/* > /dev/null; dd if=/dev/zero of=${out} bs=2M count=768 status=none; rm -f ${out}`,
      ),
  );
  return [comparison('Local export of the corpus, store and output on tmpfs', times)];
}

async function run(command: string): Promise<void> {
  await shell(command);
}

function nodeTar(input: string, out: string): string {
  return `import("tar").then((tar) => tar.create({ file: "${out}", gzip: { level: 6 }, cwd: "${input}", follow: true }, ["."]))`;
}

/** One folder with all files of the corpus but the base image, as the peers want it. */
export async function gather(files: readonly CorpusFile[], into: string): Promise<string> {
  await mkdir(into);
  for (const file of files.filter(({ imageType }) => imageType !== 'OS'))
    await symlink(file.path, join(into, file.name));
  return into;
}
