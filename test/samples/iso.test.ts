/** The ISO writer against readers nobody here wrote. */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { buildIso } from '../../samples/iso.ts';
import { makeFolder } from '../os-media/images.ts';
import { needTool } from '../support/tools.ts';

const run = promisify(execFile);

const files = [
  { path: '.treeinfo', content: Buffer.from('[general]\n') },
  { path: 'empty.txt', content: Buffer.alloc(0) },
  { path: 'exact.bin', content: Buffer.alloc(4_096, 7) },
  { path: 'deep/er/and/deeper/file with a long name.txt', content: Buffer.from('deep') },
  { path: 'deep/other.tar.gz', content: Buffer.from('other') },
  // Names that are alike in their first eight letters, in a folder of more than one sector.
  ...Array.from({ length: 60 }, (_, index) => ({
    path: `many/long-file-name-${index}.txt`,
    content: Buffer.from(`${index}`),
  })),
];

t.test('bsdtar, 7-Zip and xorriso read the same files', async (t) => {
  const folder = await makeFolder(t);
  const image = join(folder, 'image.iso');
  await writeFile(image, buildIso('SAMPLE', files));

  const check = async (name: string, target: string) => {
    for (const { path, content } of files) {
      t.strictSame(await readFile(join(target, path)), content, `${name} ${path}`);
    }
  };
  const bsdtar = needTool(t, 'bsdtar');
  if (bsdtar) {
    const target = await makeFolder(t);
    await run(bsdtar, ['-xf', image, '-C', target]);
    await check('bsdtar', target);
  }
  const sevenZip = needTool(t, '7z');
  if (sevenZip) {
    const target = await makeFolder(t);
    await run(sevenZip, ['x', '-y', `-o${target}`, image]);
    await check('7-Zip', target);
    await t.resolves(run(sevenZip, ['t', image]), '7-Zip tests it');
  }
  const xorriso = needTool(t, 'xorriso');
  if (xorriso) {
    const target = join(folder, 'xorriso');
    await run(xorriso, ['-osirrox', 'on', '-indev', image, '-extract', '/', target]);
    await check('xorriso', target);
    const { stdout } = await run(xorriso, ['-indev', image, '-pvd_info']);
    t.match(stdout, /Volume Id\s*: SAMPLE/);
    // The plain tree alone.
    const plain = await run(xorriso, ['-read_fs', 'nojoliet', '-indev', image, '-find', '/']);
    t.match(plain.stdout, /_TREEINF/);
    t.equal(plain.stdout.match(/\/MANY\/LONG_/gi)?.length, 60, 'each has a name of its own');
  }
});

t.test('the same files give the same bytes', async (t) => {
  t.strictSame(buildIso('SAMPLE', files), buildIso('SAMPLE', files));
});
