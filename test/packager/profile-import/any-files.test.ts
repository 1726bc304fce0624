/**
 * Any tree of files: imported, exported, verified, imported elsewhere, exported there: the same bytes, and each file is
 * what it was. `RUNS=20` looks 20 times as long; a failure prints the seed that repeats it.
 */
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { readMembers, verifyArchive } from '@osimage/archive';
import { checkFileName, fileOptions } from '@osimage/os-media';
import fc from 'fast-check';
import t from 'tap';
import { memberHeader } from '../../../packages/archive/tar-header.ts';
import { contents, fileNames } from '../../support/random-files.ts';
import { importFiles, openSite, putImage } from '../../support/site.ts';

const image = 'rhels9.4';
const baseId = `${image}|${image}-x86_64-install-Minimal`;
const runs = Number(process.env.RUNS ?? 1);
const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);
t.comment(`seed ${seed}`);

/** As text; hexadecimal is twice as long, and configuration files have at most 4 MiB. */
const text = (content: Buffer) =>
  isText(content) && !content.includes(0) ? content : content.toString('hex').slice(0, 4_000_000);
const isText = (content: Buffer) => Buffer.from(content.toString()).equals(content);

/** For each kind its ending, and something of that kind made of any bytes. */
const kinds = {
  script: ['.sh', (content: Buffer) => Buffer.from(`#!/bin/sh\n${text(content)}`)],
  unattend: ['.ks', (content: Buffer) => Buffer.from(`text\n${text(content)}`)],
  config: ['.json', (content: Buffer) => Buffer.from(JSON.stringify({ content: String(text(content)) }))],
  software: [
    '.tar.gz',
    (content: Buffer) => gzipSync(Buffer.concat([memberHeader('a', content.length), content]), { level: 1 }),
  ],
  driver: [
    '.rpm',
    (content: Buffer) =>
      Buffer.concat([
        Buffer.from('edabeedb', 'hex'),
        Buffer.alloc(92),
        Buffer.from('8eade801', 'hex'),
        content,
      ]),
  ],
} as const;
type Kind = keyof typeof kinds;
interface File {
  readonly kind: Kind;
  readonly name: string;
  readonly content: Buffer;
}

function isFileName(kind: Kind, name: string): boolean {
  try {
    checkFileName(fileOptions.find((option) => option.kind === kind)!.imageType, name);
    return true;
  } catch {
    return false;
  }
}

const anyFile: fc.Arbitrary<File> = fc.constantFrom(...(Object.keys(kinds) as Kind[])).chain((kind) => {
  const [ending, make] = kinds[kind];
  const name = fileNames(ending).filter((name) => isFileName(kind, name));
  return fc.record({ kind: fc.constant(kind), name, content: contents.map(make) });
});

/** Names that differ only in case or form do not come in, see docs/archive-format.md. */
const folded = ({ kind, name }: File) => `${kind} ${name.normalize('NFC').toLowerCase()}`;
const anyFiles = fc.uniqueArray(anyFile, { maxLength: 6, selector: folded });

t.test('any files make the whole way', async (t) => {
  const here = await openSite(t);
  const there = await openSite(t);
  for (const site of [here, there]) await putImage(site, image);
  let made = 0;
  await fc.assert(
    fc.asyncProperty(anyFiles, async (files) => {
      const name = `p${made++}`;
      await here.profile(baseId, name, await importFiles(here, files));
      const profileId = `${image}|${image}-x86_64-install-${name}`;
      const bytes = await here.export(profileId);
      await verifyArchive(inOne(bytes));
      const job = await there.import('OSPROFILE', 'x.tar.gz', bytes);
      if (job.state !== 'Complete') throw new Error(JSON.stringify(job.error));
      const again = await there.export(profileId);
      if (!again.equals(bytes)) throw new Error('other bytes come out there');
      const found: string[] = [];
      for await (const { path, content } of readMembers(inOne(again))) {
        const known = files.filter((file) => path.endsWith(`/${file.name}`));
        const read = await buffer(content);
        for (const file of known) if (file.content.equals(read)) found.push(folded(file));
      }
      const expected = files.map(folded);
      if (expected.some((file) => !found.includes(file))) throw new Error(`${found} instead of ${expected}`);
    }),
    { numRuns: 15 * runs, seed },
  );
  t.equal(made >= 15, true);
});

async function* inOne(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}
