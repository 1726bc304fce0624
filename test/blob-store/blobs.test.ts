/** Content in the store: packed once, the same way every time, and readable by anybody's inflate. */
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { appendFile, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
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
import { until } from '../support/until.ts';

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

t.test('the bytes of this encoder', async (t) => {
  const store = await temporaryStore(t);
  // The same on every machine: words drawn by a generator of our own.
  let state = 1;
  const next = () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state >>> 8;
  };
  const words = Array.from({ length: 5000 }, () => next().toString(36));
  const lines = Array.from({ length: 200_000 }, () => words[next() % words.length]);
  const blob = await write(store, Buffer.from(lines.join(' ')));
  const packed = await readFile(blobPath(store.root, blob));
  t.strictSame(
    { encoder: blob.encoder, digest: sha256(packed) },
    { encoder: 1, digest: '6b6d3f38058344117fc669b50cfc4f7c47c7867b79bab54412e79c4369bb17cd' },
    'other bytes need another ENCODER',
  );
});

t.test('importing a damaged file again repairs it', async (t) => {
  const { db } = await createTestDatabase(t);
  const store = await temporaryStore(t);
  const content = randomBytes(2 * segmentBytes);
  const damages: [string, (path: string) => Promise<void>][] = [
    ['gone', (path) => rm(path)],
    ['cut', (path) => truncate(path, segmentBytes)],
    ['longer', (path) => appendFile(path, 'x')],
    [
      'one bit',
      async (path) => {
        const packed = await readFile(path);
        packed[segmentBytes + 99]! ^= 1;
        await writeFile(path, packed);
      },
    ],
  ];
  let blob = await addContent(store, db, content, keep);
  const good = await readFile(blobPath(store.root, blob));
  for (const [name, damage] of damages) {
    const before = blob.physicalName;
    await damage(blobPath(store.root, blob));
    await t.rejects(
      addContent(store, db, content, async () => {
        throw new Error('rows refused');
      }),
      /rows refused/,
    );
    const kept = (await loadBlobs(db, [sha256(content)])).get(sha256(content));
    t.equal(kept?.physicalName, before, `${name}: as it was when the rows are refused`);
    blob = await addContent(store, db, content, keep);
    t.not(blob.physicalName, before, `${name}: another file`);
    t.strictSame((await loadBlobs(db, [sha256(content)])).get(sha256(content)), blob, `${name}: in the row`);
    t.ok(good.equals(await readFile(blobPath(store.root, blob))), `${name}: whole again`);
    t.strictSame(await files(store), [blob.physicalName], `${name}: the damaged one is removed`);
  }
});

t.test('known content that is collected before it is used is packed again', async (t) => {
  const { db } = await createTestDatabase(t);
  const store = await temporaryStore(t);
  const content = randomBytes(1000);
  const old = await addContent(store, db, content, keep);
  const locker = db.transaction(async (tx) => {
    await tx.query('select from blobs for update');
    const adding = addContent(store, db, content, keep);
    // It found the row and waits to lock it.
    await until(async () => {
      const { rows } = await db.query<{ waiting: number }>(
        `select count(*)::int as waiting from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      );
      return rows[0]?.waiting === 1;
    });
    await tx.query('delete from blobs');
    return { adding };
  });
  const blob = await (await locker).adding;
  t.not(blob.physicalName, old.physicalName);
  t.ok(await readFile(blobPath(store.root, blob)));
});

t.test('a store that cannot be written says so', async (t) => {
  const store = await temporaryStore(t);
  await rm(join(store.root, 'blobs'), { recursive: true });
  await writeFile(join(store.root, 'blobs'), 'not a folder');
  await t.rejects(write(store, Buffer.from('x')), {
    code: 'store_unwritable',
    params: { detail: 'ENOTDIR' },
  });
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
