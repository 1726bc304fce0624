/** Content in the store: packed once, the same way every time, and readable by anybody's inflate. */
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import {
  addContent,
  type Blob,
  type BlobStore,
  blobPath,
  loadBlobs,
  openStore,
  segmentBytes,
  writeBlob,
} from '@osimage/blob-store';
import type { Queryable } from '@osimage/database';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { createTestDatabase } from '../support/database.ts';
import { needTool } from '../support/tools.ts';

const run = promisify(execFile);

const sha256 = (content: Buffer) => createHash('sha256').update(content).digest('hex');
const keep = async (_tx: Queryable, blob: Blob) => blob;

async function temporaryStore(t: Test): Promise<BlobStore> {
  const root = await mkdtemp(join(tmpdir(), 'osimage-store-'));
  t.teardown(() => rm(root, { recursive: true }));
  return await openStore(root);
}

async function files(store: BlobStore): Promise<string[]> {
  const entries = await readdir(join(store.root, 'blobs'), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
}

const write = (store: BlobStore, content: Buffer, signal?: AbortSignal) =>
  writeBlob(
    store.root,
    content,
    { sha256: sha256(content), rawSize: content.length },
    signal ? { signal } : {},
  );

/** The content of a blob as Python's zlib sees it, with the final block an archive would add. */
async function inflate(python: string, path: string): Promise<Buffer> {
  const program = `import sys, zlib; d = zlib.decompressobj(-15); sys.stdout.buffer.write(d.decompress(open(sys.argv[1], 'rb').read() + b'\\x03\\x00')); assert d.eof`;
  const { stdout } = await run(python, ['-c', program, path], {
    encoding: 'buffer',
    maxBuffer: 64 * segmentBytes,
  });
  return stdout;
}

t.test('what goes in comes out', async (t) => {
  const store = await temporaryStore(t);
  const python = needTool(t, 'python3');
  const text = Buffer.from('a line of a script that repeats itself\n'.repeat(80_000));
  const contents: [string, Buffer][] = [
    ['empty', Buffer.alloc(0)],
    ['one byte', Buffer.from('x')],
    ['one segment', text.subarray(0, segmentBytes)],
    ['one byte less', text.subarray(0, segmentBytes - 1)],
    ['one byte more', text.subarray(0, segmentBytes + 1)],
    ['dense', randomBytes(2 * segmentBytes + 77)],
    ['dense, then not', Buffer.concat([randomBytes(segmentBytes), text])],
  ];
  for (const [name, content] of contents) {
    const blob = await write(store, content);
    const packed = await readFile(blobPath(store.root, blob));
    t.equal(packed.length, blob.packedSize, `${name}: packed size`);
    t.equal(blob.rawSize, content.length, `${name}: raw size`);
    t.ok(blob.packedSize <= content.length * 1.0001 + 16, `${name}: hardly grows`);
    let [raw, at] = [0, 0];
    for (const segment of blob.segments) {
      t.equal(segment.rawCrc, crc32(content.subarray(raw, raw + segment.rawLength)), `${name}: raw CRC`);
      t.equal(
        segment.packedCrc,
        crc32(packed.subarray(at, at + segment.packedLength)),
        `${name}: packed CRC`,
      );
      raw += segment.rawLength;
      at += segment.packedLength;
    }
    if (python) t.ok(content.equals(await inflate(python, blobPath(store.root, blob))), `${name}: content`);
    const again = await write(store, content);
    t.not(again.physicalName, blob.physicalName, `${name}: a file of its own`);
    t.ok(packed.equals(await readFile(blobPath(store.root, again))), `${name}: the same bytes`);
  }
});

t.test('any content, any length', async (t) => {
  const store = await temporaryStore(t);
  const python = needTool(t, 'python3');
  if (!python) return;
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 4000 }),
      fc.integer({ min: 1, max: 900 }),
      async (bytes, times) => {
        const content = Buffer.concat(Array<Uint8Array>(times).fill(bytes));
        const blob = await write(store, content);
        return content.equals(await inflate(python, blobPath(store.root, blob)));
      },
    ),
    { numRuns: 15 },
  );
  t.pass();
});

t.test('content is stored once', async (t) => {
  const { db } = await createTestDatabase(t);
  const store = await temporaryStore(t);
  const content = randomBytes(3 * segmentBytes);
  const blobs = await Promise.all(Array.from({ length: 6 }, () => addContent(store, db, content, keep)));
  t.equal(new Set(blobs.map((blob) => blob.physicalName)).size, 1, 'all got the same file');
  t.equal((await files(store)).length, 1, 'the others were removed');
  const loaded = (await loadBlobs(db, [sha256(content)])).get(sha256(content));
  t.strictSame(loaded, blobs[0], 'the row tells the same');

  const path = join(store.root, 'again');
  await writeFile(path, content);
  const progress: number[] = [];
  await addContent(store, db, path, keep, { onProgress: (bytes) => progress.push(bytes) });
  t.strictSame(progress, [content.length], 'known content is not packed again');
  t.equal((await files(store)).length, 1);
});

t.test('nothing is left of what fails', async (t) => {
  const { db } = await createTestDatabase(t);
  const store = await temporaryStore(t);
  const content = randomBytes(4 * segmentBytes);

  await t.rejects(
    addContent(store, db, content, async () => {
      throw new Error('rows refused');
    }),
    /rows refused/,
  );
  const controller = new AbortController();
  const onProgress = () => controller.abort(new Error('enough'));
  await t.rejects(addContent(store, db, content, keep, { signal: controller.signal, onProgress }), /enough/);
  await t.rejects(
    writeBlob(store.root, content, { sha256: '00'.repeat(32), rawSize: content.length }),
    /changed while/,
  );
  await t.rejects(writeBlob(store.root, content, { sha256: sha256(content), rawSize: 2 ** 60 }), {
    code: 'no_space',
  });
  await t.rejects(addContent(store, db, join(store.root, 'no such file'), keep), { code: 'ENOENT' });
  t.strictSame(await files(store), []);
  const { rows } = await db.query<{ count: number }>('select count(*)::int as count from blobs');
  t.equal(rows[0]?.count, 0);
});

t.test('a disk that fills up', async (t) => {
  if (process.getuid?.() !== 0) return t.pass('mounting needs root', { skip: 'mounting needs root' });
  const root = await mkdtemp(join(tmpdir(), 'osimage-full-'));
  await run('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', root]);
  t.teardown(async () => {
    await run('umount', [root]);
    await rm(root, { recursive: true });
  });
  const store = await openStore(root);
  const content = randomBytes(4 * segmentBytes);
  const small = { sha256: sha256(content), rawSize: 1 };
  await t.rejects(
    writeBlob(root, content, small),
    { code: 'no_space', params: { where: 'the store' } },
    'found while writing',
  );
  await t.rejects(write(store, content), { code: 'no_space', params: { needed: /^4\d+$/ } }, 'told before');
  t.strictSame(await files(store), []);
});
