/** `npm run admin -- backup`: what is refused, what is damaged, what is stopped, and what goes meanwhile. */
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { addContent, blobPath, cleanStore, removeArchiveFile } from '@osimage/blob-store';
import { type Database, deleteObjects, openDatabase, tryHoldFiles } from '@osimage/database';
import t from 'tap';
import { createImport, startImport } from '../../services/packager/jobs/start-import.ts';
import { adminFor, adminMain } from '../support/admin.ts';
import {
  asFile,
  emptyInstallation,
  type Place,
  prepareInstallation,
  rowsIn,
  spoil,
  temporaryFolder,
} from '../support/backups.ts';
import { bareEnvironment } from '../support/environment.ts';
import { filesBelow } from '../support/files-below.ts';
import { startServices } from '../support/services.ts';
import { openSite } from '../support/site.ts';
import { smallDisk } from '../support/small-disk.ts';
import { until } from '../support/until.ts';

const locked = (db: Database) =>
  until(async () => {
    const { rowCount } = await db.query(
      `select from pg_stat_activity where application_name = 'osimage-backup' and wait_event_type = 'Lock'
         and datname = current_database()`,
    );
    return rowCount === 1;
  });

/** Starts a backup and gives it standing still: its moment is chosen, and nothing is copied yet. */
async function standingStill(place: Pick<Place, 'db' | 'env'>, folder: string) {
  const { promise: over, resolve: go } = Promise.withResolvers<void>();
  const taken = Promise.withResolvers<void>();
  const lock = place.db.transaction(async (tx) => {
    await tx.query('lock table audit in access exclusive mode');
    taken.resolve();
    await over;
  });
  await taken.promise;
  const child = spawn(process.execPath, [adminMain, 'backup', folder], {
    env: { ...bareEnvironment(), ...place.env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  await locked(place.db);
  const goOn = async () => {
    go();
    await lock;
  };
  return { child, closed, goOn, errors: () => errors };
}

t.test('what goes while a backup is made is in it, and goes afterwards', async (t) => {
  const place = await prepareInstallation(t);
  const { db, store, out, archive, blob } = place;
  const { goOn, closed, errors } = await standingStill(place, join(out, 'one'));
  const paths = await db.transaction((tx) => deleteObjects(tx, ['x.tar.gz', 'a']));
  for (const path of paths) await removeArchiveFile(db, store.root, path);
  t.ok(await stat(archive.path), 'the file of a deleted archive stays');
  await t.rejects(cleanStore(db, store, { olderThanMs: 0 }), { code: 'store_busy' });
  t.ok(await stat(blobPath(store.root, blob)), 'and so does content nothing refers to any more');
  await goOn();
  t.strictSame(await closed, [0, null], errors());

  const target = await emptyInstallation(t);
  t.match(await target.admin(['restore', join(out, 'one')]), { code: 0, stderr: '' });
  const files = await rowsIn(t, target.env.DATABASE_URL, `select id from object_ids order by id`);
  t.strictSame(files, [{ id: 'a' }, { id: 'b' }, { id: 'x.tar.gz' }]);
  const restored = join(target.env.DATA_DIR, 'store');
  t.same(await readFile(blobPath(restored, blob)), await readFile(blobPath(store.root, blob)));
  t.match(await target.admin(['store', 'scrub', '--deep', '--rate', '0']), {
    code: 0,
    stdout: /Nothing is damaged/,
  });

  await cleanStore(db, store, { olderThanMs: 0 });
  await t.rejects(stat(archive.path), { code: 'ENOENT' }, 'what stayed for the backup goes when it is over');
  await t.rejects(stat(blobPath(store.root, blob)), { code: 'ENOENT' });
});

t.test('an import that ends while a backup is made, runs again after a restore', async (t) => {
  const folder = await temporaryFolder(t);
  const env = { DATA_DIR: join(folder, 'data') };
  const { context, db, run } = await openSite(t, env);
  const [os, osrelease, description, user] = ['rhels', '', '', 'USERID'];
  const order = { imageType: 'SCRIPT', fileSize: 0, user, requestId: '' };
  const { jobId, stagingPath } = await createImport(context, order);
  const staged = join(context.store.root, stagingPath);
  await writeFile(staged, '#!/bin/sh\n');
  const parameters = { imageType: 'SCRIPT', name: 'x.sh', os, osrelease, description, size: 10 };
  await startImport(context, jobId, parameters, user);

  const place = { db, env: { ...env, DATABASE_URL: db.url } };
  const { goOn, closed, errors } = await standingStill(place, join(folder, 'out', 'one'));
  const job = await run(jobId);
  t.equal(job.state, 'Complete');
  t.ok(await stat(staged), 'its file stays for the backup, in which it has not ended');
  await goOn();
  t.strictSame(await closed, [0, null], errors());

  const target = await emptyInstallation(t);
  t.match(await target.admin(['restore', join(folder, 'out', 'one')]), { code: 0, stderr: '' });
  const restored = openDatabase(target.env.DATABASE_URL, { name: 'test' });
  t.teardown(() => restored.close());
  const database = { url: target.env.DATABASE_URL, db: restored };
  const services = await startServices(t, { database, env: { DATA_DIR: target.env.DATA_DIR } });
  t.match(await services.client.ended(jobId), { status: 'Complete', sha256: job.sha256 });
});

t.test('stopped or killed, it leaves nothing that looks whole', async (t) => {
  const place = await prepareInstallation(t);
  const { out, admin } = place;
  const folder = join(out, 'one');
  const stopped = await standingStill(place, folder);
  stopped.child.kill('SIGINT');
  t.strictSame(await stopped.closed, [1, null]);
  t.match(stopped.errors(), /^It was stopped; nothing is left of it\.\n$/);
  await stopped.goOn();
  t.strictSame(await readdir(out), [], 'nothing is left');

  const killed = await standingStill(place, folder);
  killed.child.kill('SIGKILL');
  await killed.closed;
  await killed.goOn();
  t.strictSame(await readdir(out), ['one.partial']);
  t.match(await (await emptyInstallation(t)).admin(['restore', `${folder}.partial`]), {
    code: 1,
    stderr: /manifest\.json is missing: this is no backup, or one that was not finished/,
  });
  await until(() => place.db.transaction((tx) => tryHoldFiles(tx)));
  t.match(await admin(['backup', folder]), { code: 0, stderr: '' }, 'the next one clears it away');
  t.strictSame(await readdir(out), ['one']);
});

t.test('a place that cannot be meant', async (t) => {
  const { db, env, admin, out } = await prepareInstallation(t);
  await writeFile(join(out, 'file'), '');
  const refused = async (folder: string, why: RegExp) =>
    t.match(await admin(['backup', folder]), { code: 1, stdout: '', stderr: why }, folder);
  await refused(out, /No backup was made in .*: there is something in it already\./);
  await refused(join(out, 'file'), /it cannot be used \(ENOTDIR\)/);
  await refused(join(out, 'file', 'x'), /ENOTDIR/);
  await refused(join(env.DATA_DIR, 'store', 'backup'), /it is in the store itself/);
  t.strictSame(await readdir(out), ['file'], 'nothing was begun');
  t.strictSame((await admin(['backup'])).code, 2);
  await mkdir(join(out, 'empty'));
  t.match(await admin(['backup', join(out, 'empty')]), { code: 0 }, 'a folder that is empty is fine');
  const { rows } = await db.query(
    `select outcome, count(*)::int from audit where action = 'backup.make' group by 1 order by 1`,
  );
  t.strictSame(rows, [
    { outcome: 'refused', count: 4 },
    { outcome: 'success', count: 1 },
  ]);
});

t.test('with another DATA_DIR than that of the services none is made', async (t) => {
  const { env, out } = await prepareInstallation(t);
  const other = adminFor({ ...env, DATA_DIR: join(out, 'elsewhere') });
  t.match(await other(['backup', join(out, 'one')]), {
    code: 1,
    stderr: /the key that settings\/licence\/X is encrypted with is not here/,
  });
  t.notOk((await readdir(out)).some((name) => name.startsWith('one')));
});

t.test('damage in the store is named, and all else is saved', async (t) => {
  const { store, admin, out, blob, archive } = await prepareInstallation(t);
  const right = await readFile(blobPath(store.root, blob));
  await spoil(blobPath(store.root, blob));
  await rm(archive.path);
  const run = await admin(['backup', join(out, 'one'), '--json']);
  t.equal(run.code, 1, 'whoever runs it by a timer hears of it');
  const path = `blobs/${blob.physicalName.slice(0, 2)}/${blob.physicalName}`;
  const damaged = [
    { path, damage: 'its bytes have changed', missing: false },
    { path: /^exports\/\d+\/1\/x\.tar\.gz$/, damage: 'it is missing', missing: true },
  ];
  const sorted = JSON.parse(run.stdout).damaged.toSorted((a: { path: string }, b: { path: string }) =>
    a.path < b.path ? -1 : 1,
  );
  t.match(sorted, damaged);
  t.match(await admin(['verify-backup', join(out, 'one')]), {
    code: 1,
    stdout: /DAMAGED when it was made: .*\n.*\n.* is whole/,
  });
  // Once it is right again, the next backup has it, and does not take it from the one before.
  await rm(blobPath(store.root, blob));
  await writeFile(blobPath(store.root, blob), right, { mode: 0o600 });
  const next = await admin(['backup', join(out, 'two'), '--json']);
  t.match(JSON.parse(next.stdout).damaged, { length: 1 });
  t.same(await readFile(join(out, 'two', 'store', path)), right);

  const target = await emptyInstallation(t);
  t.match(await target.admin(['restore', join(out, 'one')]), {
    code: 1,
    stdout: /DAMAGED when the backup was made/,
  });
  const scrub = await target.admin(['store', 'scrub', '--rate', '0']);
  t.match(scrub, { code: 1, stdout: /DAMAGED driver a/ }, 'and the restored installation knows');
});

t.test('to another disk: copied whole, or refused before it begins', async (t) => {
  const small = await smallDisk(t, 8);
  if (small === undefined) return;
  const disk = small.folder;
  const { db, store, admin, out } = await prepareInstallation(t);
  const folder = join(disk, 'one');
  const run = await admin(['backup', folder, '--json']);
  t.match(run, { code: 0, stderr: '' });
  t.match(JSON.parse(run.stdout), { files: 3, linked: 0 }, 'nothing can be linked from there');
  t.match(await admin(['verify-backup', folder]), { code: 0 });
  const next = await admin(['backup', join(disk, 'two'), '--json']);
  t.match(JSON.parse(next.stdout), { files: 3, linked: 3 }, 'but from the backup before');
  await addContent(store, db, randomBytes(6_000_000), asFile('c'));
  const full = await admin(['backup', join(disk, 'three')]);
  t.match(full, {
    code: 1,
    stderr: /^Not enough space: \d{7,} bytes are needed, \d+ are available on the disk of /,
  });
  t.strictSame((await readdir(disk)).sort(), ['one', 'two'], 'nothing is left of it');

  const target = await emptyInstallation(t);
  const little = adminFor({ ...target.env, DATA_DIR: join(disk, 'data') });
  await admin(['backup', join(out, 'four')]);
  const restored = await little(['restore', join(out, 'four')]);
  t.match(restored, {
    code: 1,
    stderr: /^Not enough space: \d+ bytes are needed, \d+ are available on the disk of DATA_DIR/,
  });
  t.strictSame(await filesBelow(join(disk, 'data')), []);
});

t.test(
  'to the same disk by another mount, as containers have it: nothing can be linked there, either',
  async (t) => {
    const small = await smallDisk(t, 8);
    if (small === undefined) return;
    const { db, store, admin, out } = await prepareInstallation(t, small.folder);
    await mkdir(out);
    const mount = promisify(execFile);
    const mounted = await temporaryFolder(t);
    await mount('mount', ['--bind', out, mounted]);
    t.teardown(() => mount('umount', ['-l', mounted]));
    t.match(JSON.parse((await admin(['backup', join(mounted, 'one'), '--json'])).stdout), { linked: 0 });
    await rm(join(out, 'one'), { recursive: true });
    await addContent(store, db, randomBytes(3_000_000), asFile('c'));
    t.match(
      await admin(['backup', join(mounted, 'two')]),
      { code: 1, stderr: /^Not enough space: \d{7,} bytes are needed/ },
      'refused before it begins',
    );
    t.strictSame(await readdir(out), []);
  },
);
