/** `npm run admin -- restore` and `verify-backup`: what is refused, and what comes from other versions. */
import { randomBytes } from 'node:crypto';
import { chmod, cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openDatabase, removeEmbedded, startEmbedded } from '@osimage/database';
import t from 'tap';
import { adminFor } from '../support/admin.ts';
import {
  emptyInstallation,
  prepareInstallation,
  rewriteContents,
  rowsIn,
  spoil,
  temporaryFolder,
} from '../support/backups.ts';
import { filesBelow } from '../support/files-below.ts';

t.test('a damaged backup is refused, and its file is named', async (t) => {
  const { admin, out, blob } = await prepareInstallation(t);
  const whole = join(out, 'whole');
  t.match(await admin(['backup', whole]), { code: 0 });
  const stored = `store/blobs/${blob.physicalName.slice(0, 2)}/${blob.physicalName}`;
  for (const path of ['contents.json', 'SHA256SUMS', 'database/files.gz', 'keys/secret.key', stored]) {
    for (const harm of path.includes('/') ? [spoil, rm] : [spoil]) {
      const folder = join(out, 'damaged');
      await cp(whole, folder, { recursive: true });
      await harm(join(folder, path));
      const { env, admin: other } = await emptyInstallation(t);
      const said = new RegExp(`^The backup cannot be relied on: ${path.replaceAll('.', '\\.')} `);
      t.match(
        await other(['restore', folder]),
        { code: 1, stdout: '', stderr: said },
        `${harm.name} ${path}`,
      );
      t.match(await other(['verify-backup', folder]), { code: 1, stderr: said });
      t.strictSame(await filesBelow(env.DATA_DIR), [], 'nothing was put anywhere');
      const tables = await rowsIn(t, env.DATABASE_URL, `select from pg_tables where schemaname = 'public'`);
      t.strictSame(tables, [], 'and nothing into the database');
      await rm(folder, { recursive: true });
    }
  }
  await writeFile(join(out, 'whole', 'manifest.json'), '{}');
  t.match(await admin(['verify-backup', whole]), { code: 1, stderr: /manifest\.json is not one/ });
});

t.test('an installation that has something is left alone', async (t) => {
  const { env, admin, db, out } = await prepareInstallation(t);
  const folder = join(out, 'one');
  t.match(await admin(['backup', folder]), { code: 0 });
  const refused = (why: RegExp) => ({ code: 1, stdout: '', stderr: why });
  const target = await emptyInstallation(t);
  t.match(
    await adminFor({ ...target.env, DATA_DIR: env.DATA_DIR })(['restore', folder]),
    refused(/^Nothing was restored, because DATA_DIR has something already \(secret\.key\)/),
  );
  t.match(
    await adminFor({ ...env, DATA_DIR: target.env.DATA_DIR })(['restore', folder]),
    refused(/because the database has rows already \(archives\)/),
  );
  const service = openDatabase(target.env.DATABASE_URL, { name: 'osimage-packager' });
  await service.query('select 1');
  t.match(
    await target.admin(['restore', folder]),
    refused(/because osimage-packager is connected to the database/),
  );
  await service.close();
  t.strictSame(await filesBelow(target.env.DATA_DIR), []);
  const before = (await db.query('select count(*)::int from object_ids')).rows;
  t.strictSame(before, [{ count: 3 }], 'what was there is there');
});

t.test('an embedded database that runs is left alone, one that is empty is filled', async (t) => {
  const { admin, out } = await prepareInstallation(t);
  t.match(await admin(['backup', join(out, 'one')]), { code: 0 });
  const folder = await temporaryFolder(t);
  await chmod(folder, 0o711);
  const dataDir = join(folder, 'data');
  t.teardown(() => removeEmbedded(dataDir));
  const other = adminFor({ DATA_DIR: dataDir });
  const database = await startEmbedded({ dataDir, durable: false });
  t.match(await other(['restore', join(out, 'one')]), {
    code: 1,
    stderr: /^Nothing was restored, because services run on this DATA_DIR\./,
  });
  await database.stop();
  t.match(await other(['restore', join(out, 'one')]), { code: 0, stderr: '' });
  t.match(await other(['store', 'scrub', '--rate', '0']), {
    code: 0,
    stdout: /^Checked 2 contents and 1 archives/,
  });
});

t.test('keys and versions must fit', async (t) => {
  const { env, admin, db, out } = await prepareInstallation(t);
  const folder = join(out, 'one');
  t.match(await admin(['backup', folder]), { code: 0 });
  const target = await emptyInstallation(t);
  const other = adminFor({ ...target.env, SECRET_KEY: randomBytes(32).toString('base64') });
  t.match(await other(['restore', folder]), {
    code: 1,
    stderr: /the backup needs the key [0-9a-f]{8}, which is neither in SECRET_KEY nor/,
  });
  const key = (await readFile(join(env.DATA_DIR, 'secret.key'), 'utf8')).trim();
  const same = adminFor({ ...target.env, SECRET_KEY: key });
  t.match(await same(['restore', folder]), { code: 0, stderr: '' });
  t.notOk((await readdir(target.env.DATA_DIR)).includes('secret.key'), 'a key of the settings needs no file');

  // A backup whose key is in the settings holds it too.
  const held = join(out, 'two');
  t.match(await adminFor({ ...env, SECRET_KEY: key, DATA_DIR: env.DATA_DIR })(['backup', held]), { code: 0 });
  t.equal((await readFile(join(held, 'keys/secret.key'), 'utf8')).trim(), key);

  await db.query(`insert into migrations (name, run_on) values ('999_from_the_future', now())`);
  // The command itself would not start on such a database: the lists are changed instead.
  await db.query(`delete from migrations where name = '999_from_the_future'`);
  await rewriteContents(held, (contents) => contents.migrations.push('999_from_the_future'));
  t.match(await (await emptyInstallation(t)).admin(['restore', held]), {
    code: 1,
    stderr:
      /^The backup was made by another version, most likely a newer one: it has the migration 999_from_the_future\./,
  });
});

t.test('an older backup comes to this version, and foreign tables stay out', async (t) => {
  const { admin, db, out } = await prepareInstallation(t);
  await db.query('create table notes_of_mine as select 1 as one');
  const folder = join(out, 'one');
  t.match(await admin(['backup', folder]), { code: 0 });
  // As made before two migrations that came later, one of them with a lower number, and that only add indexes.
  await rewriteContents(folder, (contents) => {
    const later = ['004_listing', '062_metrics'];
    contents.migrations = contents.migrations.filter((name) => !later.includes(name));
  });
  const target = await emptyInstallation(t);
  const run = await target.admin(['restore', folder, '--json']);
  t.match(run, { code: 0, stderr: '' });
  t.match(JSON.parse(run.stdout), { leftOut: ['notes_of_mine'] });
  const names = await rowsIn(t, target.env.DATABASE_URL, 'select name from migrations order by name');
  t.strictSame(names, (await db.query('select name from migrations order by name')).rows);
});
