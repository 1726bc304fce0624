/** `npm run admin -- store …`: what takes space, what can go, and what is damaged. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { addContent, type Blob, type BlobStore, blobPath, openStore } from '@osimage/blob-store';
import { type Database, insertFile, type Queryable, takeId } from '@osimage/database';
import t, { type Test } from 'tap';
import { scrub } from '../../services/admin/scrub/pass.ts';
import { adminFor, adminMain } from '../support/admin.ts';
import { createTestDatabase } from '../support/database.ts';
import { bareEnvironment } from '../support/environment.ts';
import { addArchive } from '../support/image-rows.ts';
import { until } from '../support/until.ts';

const mib = 1024 * 1024;

interface Place {
  db: Database;
  store: BlobStore;
  env: { DATABASE_URL: string; DATA_DIR: string };
  admin: ReturnType<typeof adminFor>;
}

async function prepare(t: Test): Promise<Place> {
  const { url, db } = await createTestDatabase(t);
  const dataDir = t.testdir();
  const env = { DATABASE_URL: url, DATA_DIR: dataDir };
  return { db, store: await openStore(join(dataDir, 'store')), env, admin: adminFor(env) };
}

const asFile =
  (id: string, kind = 'driver') =>
  async (tx: Queryable, blob: Blob) => {
    await takeId(tx, id, 'file');
    const words = { name: `name of ${id}`, description: '', os: '', osrelease: '', type: '', createdBy: 'x' };
    await insertFile(tx, { id, kind, ...words, size: blob.rawSize, sha256: blob.sha256 });
    return blob;
  };

async function spoil(path: string): Promise<void> {
  const bytes = await readFile(path);
  bytes[bytes.length >> 1]! ^= 1;
  await writeFile(path, bytes);
}

t.test('usage says what takes space, gc frees it', async (t) => {
  const { db, store, admin } = await prepare(t);
  const content = randomBytes(mib);
  await addContent(store, db, content, asFile('a'));
  await addContent(store, db, content, asFile('b'));
  const text = await addContent(store, db, Buffer.alloc(mib, 'text '), asFile('c', 'script'));
  const unused = await addContent(store, db, randomBytes(1000), asFile('d'));
  await db.query(`delete from object_ids where id = 'd'`);
  await db.query(`update blobs set created_at = now() - interval '2 hours'`);
  await addArchive(db, store.root, 'x.tar.gz', Buffer.alloc(5000));
  await writeFile(join(store.root, 'staging', '99999'), Buffer.alloc(777));
  const leftover = join(store.root, 'exports', '99998');
  await mkdir(join(leftover, '1'), { recursive: true });
  await writeFile(join(leftover, '1', 'y.tar.gz'), Buffer.alloc(333));
  const longAgo = new Date(Date.now() - 7_200_000);
  for (const path of [leftover, join(store.root, 'staging', '99999')]) await utimes(path, longAgo, longAgo);

  const usage = await admin(['store', 'usage', '--json']);
  t.equal(usage.code, 0, usage.stderr);
  t.match(JSON.parse(usage.stdout), {
    content: {
      kinds: [
        { kind: 'driver', uses: 2, usedBytes: 2 * mib, contents: 1, rawBytes: mib },
        { kind: 'script', uses: 1, usedBytes: mib, rawBytes: mib, packedBytes: text.packedSize },
        { kind: 'unused', uses: 0, rawBytes: 1000, packedBytes: unused.packedSize },
      ],
      usedBytes: 3 * mib,
      rawBytes: 2 * mib + 1000,
    },
    archives: { count: 1, bytes: 5000, profiles: [{ archives: 1, bytes: 5000 }] },
    uploads: { bytes: 777 },
    unfinishedArchives: { bytes: 333 },
    freeable: {
      unused: { count: 1, bytes: unused.packedSize },
      orphans: { count: 0, bytes: 0 },
      leftovers: { count: 2, bytes: 1110 },
    },
    damaged: { contents: 0, archives: 0 },
  });
  const shown = (await admin(['store', 'usage'])).stdout;
  t.match(shown, /^STORED +FILES +THEIR BYTES +EQUAL ONES ONCE +ON DISK\ndriver +2 +2\.10 MB +1\.05 MB/);
  t.match(shown, /`store gc` frees 2\.12 KB: 1 unused/);

  const bytes = unused.packedSize + 1110;
  const dry = await admin(['store', 'gc', '--dry-run', '--json']);
  t.match(JSON.parse(dry.stdout), { dryRun: true, bytes, leftovers: { count: 2 } });
  t.ok(await stat(blobPath(store.root, unused)), 'a dry run removes nothing');
  t.match(JSON.parse((await admin(['store', 'gc', '--older-than', '1d', '--json'])).stdout), { bytes: 0 });
  t.match(await admin(['store', 'gc']), { code: 0, stdout: /2\.12 KB freed\.\n$/ });
  await t.rejects(stat(blobPath(store.root, unused)), { code: 'ENOENT' });
  await t.rejects(stat(leftover), { code: 'ENOENT' });
  t.match(JSON.parse((await admin(['store', 'gc', '--json', '--older-than', '0s'])).stdout), { bytes: 0 });
  const { rows } = await db.query<{ action: string; outcome: string }>('select action, outcome from audit');
  t.strictSame(
    rows,
    Array(3).fill({ action: 'store.clean', outcome: 'success' }),
    'a dry run changes nothing',
  );
});

t.test('what cannot be meant is refused', async (t) => {
  const { db, admin } = await prepare(t);
  for (const args of [
    ['gc', '--older-than', '5'],
    ['gc', '--older-than', '-1h'],
    ['gc', '--rate', '5'],
    ['scrub', '--rate', 'fast'],
    ['scrub', '--rate', '-5'],
    ['scrub', '--dry-run'],
    ['usage', 'now'],
    ['defrag'],
  ])
    t.equal((await admin(['store', ...args])).code, 2, args.join(' '));
  await db.transaction(async (tx) => {
    await tx.query('select pg_advisory_xact_lock(7203114579), pg_advisory_xact_lock(7203114580)');
    for (const command of ['gc', 'scrub']) {
      const busy = await admin(['store', command, '--json']);
      t.equal(busy.code, 1);
      t.match(JSON.parse(busy.stderr), { error: { code: 'store_busy' } }, command);
    }
  });
});

t.test('a scrub goes on where it stopped and counts everything once', async (t) => {
  const { db, store, env, admin } = await prepare(t);
  for (let number = 0; number < 8; number++)
    await addContent(store, db, randomBytes(mib), asFile(`file-${number}`));
  await addArchive(db, store.root, 'x.tar.gz', randomBytes(mib));
  const total = 9 * mib;

  const run = async (stopAt: number) => {
    const stop = new AbortController();
    const read: number[] = [];
    const onProgress = (done: number) => {
      read.push(done);
      if (done >= stopAt) stop.abort();
    };
    const options = { deep: false, restart: false, bytesPerSecond: 0, signal: stop.signal, onProgress };
    return { ...(await scrub(db, store, options)), read };
  };
  const first = await run(3.5 * mib);
  t.match(first, { complete: false, pass: { archives: 0 } });
  t.equal(first.pass.blobs, 3, 'the fourth was not finished');
  const second = await run(Infinity);
  t.match(second, { complete: true, pass: { blobs: 8, archives: 1 } });
  t.ok(second.read[0]! > first.pass.bytes, 'it does not begin again');
  t.equal(second.pass.bytes, second.read.at(-1));
  t.ok(second.pass.bytes > total && second.pass.bytes < total * 1.01, 'nothing was read twice');
  t.ok((await run(Infinity)).read[0]! <= 1.01 * mib, 'the next pass is a new one');

  await t.test('stopped from outside', async (t) => {
    const args = ['store', 'scrub', '--rate', '0.5', '--json'];
    const child = spawn(process.execPath, [adminMain, ...args], { env: { ...bareEnvironment(), ...env } });
    const out = text(child.stdout);
    const position = async () =>
      (await db.query<{ blobs: number }>('select blobs from scrub_passes where ended_at is null')).rows[0]
        ?.blobs;
    await until(async () => ((await position()) ?? 0) > 0);
    child.kill('SIGTERM');
    const [code] = (await once(child, 'close')) as [number];
    t.equal(code, 0, 'nothing was damaged');
    const stopped = JSON.parse(await out) as { complete: boolean; contents: number };
    t.notOk(stopped.complete);
    t.equal(stopped.contents, await position());
    const rest = JSON.parse((await admin(['store', 'scrub', '--rate', '0', '--json'])).stdout);
    t.match(rest, { complete: true, contents: 8, archives: 1 });
  });
});

t.test('a scrub names what is damaged until it is whole again', async (t) => {
  const { db, store, admin } = await prepare(t);
  const rotten = await addContent(store, db, randomBytes(2 * mib), asFile('rotten'));
  const lost = await addContent(store, db, randomBytes(100), asFile('lost'));
  const nobodys = await addContent(store, db, randomBytes(200), asFile('nobodys'));
  await db.query(`delete from object_ids where id = 'nobodys'`);
  const { path } = await addArchive(db, store.root, 'x.tar.gz', randomBytes(mib));
  for (const file of [blobPath(store.root, rotten), blobPath(store.root, nobodys), path]) await spoil(file);
  const lostBytes = await readFile(blobPath(store.root, lost));
  await rm(blobPath(store.root, lost));
  const result = async (...options: string[]) => {
    const run = await admin(['store', 'scrub', '--rate', '0', '--json', ...options]);
    return {
      code: run.code,
      ...(JSON.parse(run.stdout) as { damaged: { content: object[]; archives: object[] } }),
    };
  };
  const found = await result();
  t.equal(found.code, 1);
  const by = (sha256: string) =>
    found.damaged.content.find((entry) => 'sha256' in entry && entry.sha256 === sha256);
  t.equal(found.damaged.content.length, 3);
  t.match(by(rotten.sha256), {
    damage: /bytes \d+ to \d+ of its file have changed/,
    files: [{ kind: 'driver', id: 'rotten', name: 'name of rotten' }],
  });
  t.match(by(lost.sha256), { damage: 'its file is missing', files: [{ id: 'lost' }] });
  t.match(by(nobodys.sha256), { files: [], profiles: [] });
  t.match(found.damaged.archives, [{ name: 'x.tar.gz', damage: 'its SHA-256 is another one' }]);
  const said = await admin(['store', 'scrub', '--rate', '0']);
  t.equal(said.code, 1);
  t.match(said.stdout, /^DAMAGED driver rotten "name of rotten": bytes/m);
  t.match(said.stdout, /^DAMAGED content nothing uses any more: /m);
  t.match(said.stdout, /^DAMAGED archive x\.tar\.gz: /m);
  t.match(JSON.parse((await admin(['store', 'usage', '--json'])).stdout), {
    damaged: { contents: 3, archives: 1 },
  });

  const known = async () =>
    (await db.query<{ chunks: Buffer | null }>('select chunks from archives')).rows[0]?.chunks;
  t.equal(await known(), null);
  await writeFile(blobPath(store.root, lost), lostBytes);
  for (const file of [blobPath(store.root, rotten), blobPath(store.root, nobodys), path]) await spoil(file);
  t.match(
    await result(),
    { code: 0, damaged: { content: [], archives: [] } },
    'what is whole again is not named',
  );
  t.ok(await known(), 'checksums that were not kept are written down');
  await spoil(path);
  t.match(await result(), {
    damaged: { archives: [{ damage: /bytes \d+ to \d+ of its file have changed/ }] },
  });
  await spoil(path);
  t.equal((await result()).code, 0);

  // Nothing the disk did: what was written was wrong already, with the right checksum.
  await db.query(
    `update blobs set sha256 = decode($1, 'hex') where sha256 = (select sha256 from blobs where physical_name = $2)`,
    ['ab'.repeat(32), nobodys.physicalName],
  );
  t.equal((await result()).code, 0);
  t.match(await result('--deep'), {
    code: 1,
    deep: true,
    damaged: { content: [{ damage: 'its content is not what was imported' }] },
  });
});
