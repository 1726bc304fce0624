/** The ISO 9660 reader against images of xorriso, and against images that lie. */
import { readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Problem } from '@osimage/errors';
import { identifyMedia } from '@osimage/os-media';
import fc from 'fast-check';
import t from 'tap';
import { withByteSource } from '../../packages/os-media/byte-source.ts';
import { type IsoImage, openIso } from '../../packages/os-media/iso9660.ts';
import { buildIso } from '../../samples/iso.ts';
import { needTool } from '../support/tools.ts';
import { makeFile, makeFolder, makeIso } from './images.ts';

const limit = 64 * 1024;

function reading<Result>(path: string, work: (iso: IsoImage) => Promise<Result>): Promise<Result> {
  return withByteSource(path, { name: 'test.iso', type: 'OS' }, undefined, async (source) => {
    const iso = await openIso(source);
    if (!iso) throw new Error('not an ISO 9660 image');
    return await work(iso);
  });
}

const text = async (iso: IsoImage, path: string) => (await iso.read(path, limit))?.toString();

t.test('every way of keeping names is read', async (t) => {
  const xorriso = needTool(t, 'xorriso');
  if (!xorriso) return;
  const longName = `${'very-'.repeat(35)}long-name.txt`;
  const files = {
    '.treeinfo': 'tree',
    '.disk/info': 'disk',
    'media.1/media': 'media',
    'README.TXT': 'readme',
    // So that the folder has several sectors.
    ...Object.fromEntries(
      Array.from({ length: 120 }, (_, index) => [`many/file-number-${index}.txt`, `${index}`]),
    ),
    [longName]: 'long',
  };
  for (const options of [['-R'], ['-J', '-joliet-long'], ['-R', '-J', '-joliet-long']]) {
    const path = await makeIso(t, xorriso, files, options);
    await reading(path, async (iso) => {
      t.equal(await text(iso, '.treeinfo'), 'tree', `${options} .treeinfo`);
      t.equal(await text(iso, '.disk/info'), 'disk', `${options} .disk/info`);
      t.equal(await text(iso, 'MEDIA.1/Media'), 'media', `${options} case is ignored`);
      t.equal(await text(iso, '/many//file-number-119.txt'), '119', `${options} a folder of several sectors`);
      t.equal(await text(iso, 'nothing'), undefined, `${options} absent file`);
      t.equal(await text(iso, '.disk'), undefined, `${options} a folder is no file`);
      t.equal(await text(iso, '.treeinfo/x'), undefined, `${options} a file is no folder`);
      t.equal(await iso.has('.disk'), true, `${options} a folder exists`);
    });
    if (options.includes('-R')) {
      // 184 characters do not fit a record: the name goes on in a continuation area.
      await reading(path, async (iso) => t.equal(await text(iso, longName), 'long', 'a continued name'));
    }
  }
  const plain = await makeIso(t, xorriso, { 'BOOT.CFG': 'boot', 'DIR/FILE': 'file' }, []);
  await reading(plain, async (iso) => {
    t.equal(await text(iso, 'boot.cfg'), 'boot', 'a plain name without its version');
    t.equal(await text(iso, 'dir/file'), 'file', 'a plain name without its dot');
  });
});

t.test('a file over the limit is refused, one at it is not', async (t) => {
  const path = await makeFile(
    t,
    'a.iso',
    buildIso('LIMIT', [{ path: 'a.txt', content: Buffer.alloc(100, 65) }]),
  );
  await reading(path, async (iso) => {
    t.equal((await iso.read('a.txt', 100))?.length, 100);
    await t.rejects(iso.read('a.txt', 99), { code: 'wrong_content' });
  });
});

t.test('a cut off image is refused', async (t) => {
  const xorriso = needTool(t, 'xorriso');
  if (!xorriso) return;
  const path = await makeIso(t, xorriso, { 'a.txt': Buffer.alloc(500_000) });
  await t.resolves(
    reading(path, (iso) => iso.has('a.txt')),
    'whole',
  );
  await truncate(path, 200_000);
  await t.rejects(identifyMedia(path, { os: 'rhels', osrelease: 'x' }), {
    code: 'wrong_content',
    message: /cut off/,
  });
});

t.test('lies are met with a Problem', async (t) => {
  const files = [
    { path: '.treeinfo', content: Buffer.from('[general]\nfamily = Rocky Linux\nversion = 9.4\n') },
    { path: '.disk/info', content: Buffer.from('Debian GNU/Linux 12.5.0 "Bookworm" - Official amd64\n') },
  ];
  const good = buildIso('LIES', files);
  const primary = 16 * 2_048;
  const root = good.readUInt32LE(primary + 158) * 2_048;
  const joliet = good.readUInt32LE(17 * 2_048 + 158) * 2_048;
  // The records of the root in both trees, after those of the folder itself and its parent.
  function* records(image: Buffer): Generator<[at: number, isFolder: boolean, folder: number]> {
    for (const folder of [root, joliet]) {
      for (let at = folder + 68; image[at]; at += image[at]!) yield [at, image[at + 25] === 2, folder];
    }
  }
  const change = (edit: (image: Buffer) => void) => {
    const image = Buffer.from(good);
    edit(image);
    return image;
  };
  const images: Record<string, Buffer> = {
    'a block size of 512': change((image) => image.writeUInt16LE(512, primary + 128)),
    'a volume larger than the file': change((image) => image.writeUInt32LE(0xffffffff, primary + 80)),
    'a root outside of the file': change((image) => image.writeUInt32LE(0xfffffff0, primary + 158)),
    'a root of 4 GB': change((image) => image.writeUInt32LE(0xffffffff, primary + 166)),
    'a record longer than its folder': change((image) => image.writeUInt32LE(70, primary + 166)),
    'a record shorter than its fields': change((image) => image.fill(3, root + 68, root + 69)),
    'a name longer than its record': change((image) => image.fill(250, root + 68 + 32, root + 68 + 33)),
    'a marker outside of the file': change((image) => {
      for (const [at, isFolder] of records(image)) if (!isFolder) image.writeUInt32LE(0x7fffffff, at + 2);
    }),
  };
  for (const [name, image] of Object.entries(images)) {
    const path = await makeFile(t, 'lie.iso', image);
    await t.rejects(
      identifyMedia(path, { name: 'lie.iso' }),
      { code: 'wrong_content', message: /^lie\.iso is not/ },
      name,
    );
  }
  const loop = change((image) => {
    // .disk is the root again, in both trees.
    for (const [at, isFolder, folder] of records(image))
      if (isFolder) image.writeUInt32LE(folder / 2_048, at + 2);
  });
  const path = await makeFile(t, 'loop.iso', loop);
  t.match(await identifyMedia(path, {}), { osrelease: 'rocky9.4' }, 'a loop leads nowhere');
});

t.test('continuations of a name that never end are refused', async (t) => {
  const xorriso = needTool(t, 'xorriso');
  if (!xorriso) return;
  const name = `${'n'.repeat(200)}.txt`;
  const path = await makeIso(t, xorriso, { [name]: 'x' }, ['-R']);
  const image = await readFile(path);
  // Every continuation area starts over with a CE entry that points to itself.
  const root = image.readUInt32LE(16 * 2_048 + 158) * 2_048;
  const folder = image.subarray(root, root + 2_048);
  let found = 0;
  for (let at = folder.indexOf('CE'); at >= 0; at = folder.indexOf('CE', at + 1)) {
    if (folder[at + 2] !== 28) continue;
    const target = folder.readUInt32LE(at + 4) * 2_048 + folder.readUInt32LE(at + 12);
    folder.copy(image, target, at, at + 28);
    folder.writeUInt32LE(28, at + 20);
    image.writeUInt32LE(28, target + 20);
    found += 1;
  }
  t.ok(found > 0, 'the image has continuations');
  await writeFile(path, image);
  await t.rejects(identifyMedia(path, {}), { code: 'wrong_content', message: /damaged/ });
});

t.test('a damaged image ends in an answer or a Problem', async (t) => {
  const path = join(await makeFolder(t), 'fuzz.iso');
  const good = buildIso('FUZZ', [
    { path: '.treeinfo', content: Buffer.from('[general]\nfamily = Rocky Linux\nversion = 9.4\n') },
    { path: '.disk/info', content: Buffer.from('Debian GNU/Linux 12.5.0 "Bookworm" - Official amd64\n') },
    { path: 'media.1/media', content: Buffer.from('SUSE - SLE-15\n') },
  ]);
  // Bytes beyond the system area, most of them in descriptors and folders, where they hurt.
  const place = fc.oneof(
    fc.integer({ min: 16 * 2_048, max: good.length - 1 }),
    fc.integer({ min: 16 * 2_048, max: 16 * 2_048 + 200 }),
  );
  const edits = fc.array(fc.tuple(place, fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 24 });
  const length = fc.option(fc.integer({ min: 0, max: good.length }), { freq: 4 });
  await fc.assert(
    fc.asyncProperty(edits, length, async (changes, cut) => {
      const image = Buffer.from(good);
      for (const [at, value] of changes) image[at] = value;
      await writeFile(path, image.subarray(0, cut ?? image.length));
      try {
        const { osrelease } = await identifyMedia(path, { os: 'rhels', osrelease: 'fuzz' });
        return osrelease === 'fuzz';
      } catch (error) {
        return error instanceof Problem;
      }
    }),
    { numRuns: 400 },
  );
});

t.test('an abort stops the reading', async (t) => {
  const path = await makeFile(t, 'a.iso', buildIso('ABORT', []));
  const reason = new Error('stopped');
  await t.rejects(identifyMedia(path, {}, AbortSignal.abort(reason)), reason);
});
