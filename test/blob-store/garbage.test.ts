/** Collecting garbage beside imports: what is used stays, whoever comes first. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  addContent,
  type Blob,
  type BlobStore,
  blobPath,
  cleanStore,
  collectGarbage,
  findGarbage,
  loadBlobs,
  openStore,
} from '@osimage/blob-store';
import { type Database, insertFile, type Queryable, takeId, tryLockCleaning } from '@osimage/database';
import t, { type Test } from 'tap';
import { createTestDatabase } from '../support/database.ts';

async function prepare(t: Test): Promise<{ db: Database; store: BlobStore }> {
  const { db } = await createTestDatabase(t);
  const root = await mkdtemp(join(tmpdir(), 'osimage-garbage-'));
  t.teardown(() => rm(root, { recursive: true }));
  return { db, store: await openStore(root) };
}

/** The rows an import makes. */
const asFile = (id: string) => async (tx: Queryable, blob: Blob) => {
  await takeId(tx, id, 'file');
  const file = {
    id,
    kind: 'script',
    name: id,
    description: '',
    os: '',
    osrelease: '',
    type: 'SCRIPT',
    createdBy: 'x',
  };
  await insertFile(tx, { ...file, size: blob.rawSize, sha256: blob.sha256 });
  return blob;
};

const removeFile = (db: Database, id: string) => db.query('delete from object_ids where id = $1', [id]);

t.test('only what nothing refers to, and not too young', async (t) => {
  const { db, store } = await prepare(t);
  const used = await addContent(store, db, randomBytes(100), asFile('used'));
  const unused = await addContent(store, db, randomBytes(100), asFile('unused'));
  await removeFile(db, 'unused');
  t.strictSame(await collectGarbage(db, store, { olderThanMs: 60_000 }), { count: 0, bytes: 0 });
  t.strictSame(await collectGarbage(db, store, { olderThanMs: 0 }), { count: 1, bytes: unused.packedSize });
  t.ok(await stat(blobPath(store.root, used)));
  await t.rejects(stat(blobPath(store.root, unused)), { code: 'ENOENT' });
});

t.test('a file without a row is swept once it is old', async (t) => {
  const { db, store } = await prepare(t);
  const used = await addContent(store, db, randomBytes(100), asFile('used'));
  const orphan = join(blobPath(store.root, used), '..', `${used.physicalName.slice(0, 2)}${'0'.repeat(30)}`);
  await writeFile(orphan, 'left by a crash');
  const olderThanMs = 0;
  const none = { count: 0, bytes: 0 };
  t.match(await cleanStore(db, store, { olderThanMs }), { orphans: none }, 'it may still be written');
  const longAgo = new Date(Date.now() - 3_700_000);
  await utimes(orphan, longAgo, longAgo);
  await utimes(blobPath(store.root, used), longAgo, longAgo);
  const found = { orphans: { count: 1, bytes: 15 }, unused: none, leftovers: none };
  t.strictSame(await findGarbage(db, store, { olderThanMs }), found);
  t.strictSame(await findGarbage(db, store, { olderThanMs: 4_000_000 }), { ...found, orphans: none });
  t.strictSame(await cleanStore(db, store, { olderThanMs }), found);
  t.strictSame(await cleanStore(db, store, { olderThanMs }), { ...found, orphans: none });
  t.ok(await stat(blobPath(store.root, used)));
});

t.test('one cleans at a time', async (t) => {
  const { db, store } = await prepare(t);
  await db.transaction(async (tx) => {
    t.ok(await tryLockCleaning(tx));
    await t.rejects(cleanStore(db, store, { olderThanMs: 0 }), { code: 'store_busy' });
  });
  await cleanStore(db, store, { olderThanMs: 0 });
});

t.test('imports, deletions and collections at once lose nothing', async (t) => {
  const { db, store } = await prepare(t);
  const contents = Array.from({ length: 4 }, () => randomBytes(2000));
  const living = new Map<string, Buffer>();
  let number = 0;
  const worker = async () => {
    for (let turn = 0; turn < 25; turn++) {
      const content = contents[Math.floor(Math.random() * contents.length)]!;
      const id = `file-${number++}`;
      await addContent(store, db, content, asFile(id));
      living.set(id, content);
      if (Math.random() < 0.7) {
        living.delete(id);
        await removeFile(db, id);
      }
    }
  };
  const done = new AbortController();
  const collector = async () => {
    while (!done.signal.aborted) await collectGarbage(db, store, { olderThanMs: 0 });
  };
  const collecting = [collector(), collector()];
  await Promise.all([worker(), worker(), worker()]);
  done.abort();
  await Promise.all(collecting);

  await collectGarbage(db, store, { olderThanMs: 0 });
  const wanted = new Set(
    [...living.values()].map((content) => createHash('sha256').update(content).digest('hex')),
  );
  const blobs = await loadBlobs(db, [...wanted]);
  t.equal(blobs.size, wanted.size, 'every living file has its blob');
  for (const blob of blobs.values()) t.equal((await stat(blobPath(store.root, blob))).size, blob.packedSize);
  const names = (await readdir(join(store.root, 'blobs'), { recursive: true, withFileTypes: true })).filter(
    (entry) => entry.isFile(),
  );
  t.equal(names.length, wanted.size, 'and no file is left that nothing refers to');
});
