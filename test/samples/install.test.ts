/** SAMPLES=1: the sample image and its profile come in once, through the packaging service. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { connectPackager } from '@osimage/packaging-api';
import t from 'tap';
import { buildSamples } from '../../samples/build.ts';
import { installSamples, sampleProfileId } from '../../samples/install.ts';
import { makeFolder } from '../os-media/images.ts';
import { startServices } from '../support/services.ts';

t.test('samples are put in once', async (t) => {
  const services = await startServices(t);
  const { db } = services;
  const client = connectPackager(services.packagers[0]!.address);
  t.teardown(() => client.close());
  const storeRoot = join(services.dataDir, 'store');
  const install = (signal = AbortSignal.timeout(60_000)) => installSamples({ client, db, storeRoot, signal });
  const count = async (table: string) =>
    (await db.query<{ n: number }>(`select count(*) as n from ${table}`)).rows[0]!.n;
  const samples = await buildSamples(await makeFolder(t));

  await t.test('an aborted start puts nothing half in', async (t) => {
    const reason = new Error('stopped');
    await t.rejects(install(AbortSignal.abort(reason)), reason);
    t.equal(await count('profiles'), 0);
  });

  await t.test('an import that fails is told', async (t) => {
    await db.query(`insert into object_ids (id, kind) values ('sample', 'file')`);
    await t.rejects(install(), { code: 'conflict', message: /sample/ });
    await db.query(`delete from object_ids where id = 'sample'`);
    t.equal(await count('profiles'), 0);
  });

  await t.test('two that start at once', async (t) => {
    const put = await Promise.all([install(), install()]);
    t.strictSame(put.sort(), [false, true], 'one of them did it');
    t.equal(await count('images'), 1);
    t.equal(await count('files'), samples.length - 1);
    t.equal(await count("profiles where kind = 'custom'"), 1);
    const { rows } = await db.query<{ name: string }>(
      'select f.name from profile_files u join files f on f.id = u.file_id where u.profile_id = $1 order by f.name',
      [sampleProfileId],
    );
    t.strictSame(
      rows.map(({ name }) => name),
      samples
        .slice(1)
        .map(({ name }) => name)
        .sort(),
      'the profile carries all',
    );
    t.match(await db.query('select name from profiles where id = $1', [sampleProfileId]), {
      rows: [{ name: 'web' }],
    });
    t.strictSame(await readdir(join(storeRoot, 'staging')), [], 'nothing is left of the uploads');
  });

  await t.test('again it changes nothing', async (t) => {
    const jobs = await count('jobs');
    t.equal(await install(), false);
    t.equal(await count('jobs'), jobs);
  });

  await t.test('what a try that broke off had put in is used', async (t) => {
    await services.client.ok('DELETE', `/osImages/${encodeURIComponent(sampleProfileId)}`);
    const jobs = await count('jobs');
    t.equal(await install(), true);
    t.equal(await count('jobs'), jobs, 'no file came in twice');
    t.equal(await count('files'), samples.length - 1);
  });
});
