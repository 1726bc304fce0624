/** Archives that come in again: kept ids, taken ids, checks that keep nothing, and the same bytes out (contract, 5.2). */
import t, { type Test } from 'tap';
import { importFiles, openSite, putImage, type Site } from '../../support/site.ts';

const image = 'rhels9.4';
const baseId = `${image}|${image}-x86_64-install-Minimal`;
const webId = `${image}|${image}-x86_64-install-web`;

const files = [
  { kind: 'script', name: 'größe 設定 🚀.sh', content: '#!/bin/sh\nexit 1\n' },
  { kind: 'script', name: 'b.sh', content: '#!/bin/sh\nexit 2\n' },
  { kind: 'script', name: 'same as b.sh', content: '#!/bin/sh\nexit 2\n' },
  { kind: 'config', name: 'settings.json', content: '{"a": 1}' },
  { kind: 'unattend', name: 'auto.ks', content: 'text\n' },
] as const;

/** A site with the base image; `profile`: and with the profile web of all files. */
async function siteWith(t: Test, profile = false): Promise<Site> {
  const site = await openSite(t);
  await putImage(site, image);
  if (profile) await site.profile(baseId, 'web', await importFiles(site, files));
  return site;
}

const archived = 'web.tar.gz';

t.test('a profile comes in as it was, and goes out as the same bytes', async (t) => {
  const here = await siteWith(t, true);
  const bytes = await here.export(webId);
  const there = await siteWith(t);
  const job = await there.import('OSPROFILE', archived, bytes);
  t.match(job, {
    state: 'Complete',
    error: null,
    object_id: webId,
    size: bytes.length,
    percent: 100,
    step: 'done',
  });
  t.ok((await there.export(webId)).equals(bytes));
  const rows = async (site: Site) => {
    const links = await site.db.query('select file_id, position from profile_files order by position');
    const base = await site.db.query('select base_id, revision from profiles where id = $1', [webId]);
    return [links.rows, base.rows];
  };
  t.strictSame(await rows(there), await rows(here), 'ids and order are kept');

  const before = await there.state();
  const again = await there.import('OSPROFILE', archived, bytes);
  t.match(again, { state: 'Complete', object_id: webId, step: 'done, it was here already' });
  t.strictSame(await there.state(), before, 'what is here already changes nothing');
  t.match(await here.import('OSPROFILE', archived, bytes), { state: 'Complete' }, 'also where it came from');
});

t.test('a check says what would be and keeps nothing', async (t) => {
  const here = await siteWith(t, true);
  const bytes = await here.export(webId);
  const there = await siteWith(t);
  const before = await there.state();
  const job = await there.import('OSPROFILE', archived, bytes, { check: true });
  t.match(job, { state: 'Complete', step: 'checked, nothing was kept', object_id: webId });
  t.strictSame(await there.state(), before);
  const rotten = Buffer.from(bytes);
  rotten[bytes.length - 3000]! ^= 1;
  t.match(await there.import('OSPROFILE', archived, rotten, { check: true }), { state: 'StoppedWithError' });
  await there.profile(baseId, 'web', {});
  const taken = await there.import('OSPROFILE', archived, bytes, { check: true });
  t.match(taken, { state: 'StoppedWithError', error: { code: 'conflict' } }, 'conflicts count too');
});

t.test('without its very base image it does not come in', async (t) => {
  const here = await siteWith(t, true);
  const bytes = await here.export(webId);
  const there = await openSite(t);
  const before = await there.state();
  t.match(await there.import('OSPROFILE', archived, bytes), {
    state: 'StoppedWithError',
    error: { code: 'base_image_missing', text: /rhels9\.4.*SHA-256 [0-9a-f]{64}/ },
  });
  t.strictSame(await there.state(), before);
  await putImage(there, image);
  await there.db.query(`insert into blobs select decode(repeat('77', 32), 'hex'), 'x', 1, 1, '', 1`);
  await there.db.query(`update images set sha256 = decode(repeat('77', 32), 'hex')`);
  t.match(await there.import('OSPROFILE', archived, bytes), {
    error: { code: 'base_image_differs', text: /rhels9\.4.*7777/ },
  });
});

t.test('a base profile that is gone is no obstacle', async (t) => {
  const here = await siteWith(t, true);
  const bytes = await here.export(webId);
  const there = await openSite(t);
  await putImage(there, image, ['Basic']);
  t.match(await there.import('OSPROFILE', archived, bytes), { state: 'Complete' });
  const { rows } = await there.db.query('select base_id from profiles where id = $1', [webId]);
  t.strictSame(rows, [{ base_id: null }]);
});

t.test('a predefined profile is not imported', async (t) => {
  const here = await siteWith(t);
  const bytes = await here.export(baseId);
  t.match(await here.import('OSPROFILE', archived, bytes), { error: { code: 'predefined_not_importable' } });
});

t.test('ids and names that are taken', async (t) => {
  const here = await siteWith(t, true);
  const bytes = await here.export(webId);
  const scriptOf = async (site: Site, name: string) =>
    (await site.db.query<{ id: string }>('select id from files where name = $1', [name])).rows[0]!.id;
  const scriptId = await scriptOf(here, 'b.sh');

  await t.test('a profile of that id', async (t) => {
    const there = await siteWith(t);
    await there.profile(baseId, 'web', {});
    const before = await there.state();
    t.match(await there.import('OSPROFILE', archived, bytes), {
      error: { code: 'conflict', text: /rhels9/ },
    });
    t.strictSame(await there.state(), before, 'and nothing has changed');
    const replaced = await there.import('OSPROFILE', archived, bytes, { onConflict: 'replace' });
    t.match(replaced, { state: 'Complete', object_id: webId });
    t.ok((await there.export(webId)).equals(bytes));
    const { rows } = await there.db.query('select revision from profiles where id = $1', [webId]);
    t.strictSame(rows, [{ revision: 2 }]);
  });

  await t.test('beside it, under another id and name', async (t) => {
    const there = await siteWith(t);
    await there.profile(baseId, 'web', {});
    const job = await there.import('OSPROFILE', archived, bytes, { onConflict: 'rename' });
    t.match(job, { state: 'Complete', object_id: `${webId}-2` });
    const { rows } = await there.db.query('select name from profiles where id = $1', [`${webId}-2`]);
    t.strictSame(rows, [{ name: 'web-2' }]);
    t.match(await there.import('OSPROFILE', archived, bytes, { onConflict: 'rename' }), {
      object_id: `${webId}-3`,
    });
    const copy = await there.export(`${webId}-2`);
    const elsewhere = await siteWith(t);
    t.match(await elsewhere.import('OSPROFILE', archived, copy), { object_id: `${webId}-2` });
    t.ok((await elsewhere.export(`${webId}-2`)).equals(copy), 'which the metadata of a later export follow');
  });

  await t.test('a name', async (t) => {
    const there = await siteWith(t);
    await there.profile(baseId, 'other', {});
    await there.db.query(`update profiles set name = 'web' where name = 'other'`);
    for (const onConflict of ['fail', 'replace'] as const)
      t.match(await there.import('OSPROFILE', archived, bytes, { onConflict }), {
        error: { code: 'conflict' },
      });
    t.match(await there.import('OSPROFILE', archived, bytes, { onConflict: 'rename' }), {
      object_id: `${webId}-2`,
    });
  });

  await t.test('the id of a file', async (t) => {
    const there = await siteWith(t);
    const other = await there.imported('SCRIPT', 'mine.sh', 'echo mine\n');
    await there.db.query('insert into object_ids values ($1, $2)', [scriptId, 'file']);
    await there.db.query('update files set id = $1 where id = $2', [scriptId, other]);
    t.match(await there.import('OSPROFILE', archived, bytes), {
      error: { code: 'conflict', text: new RegExp(scriptId) },
    });

    await there.profile(baseId, 'user', { script: [scriptId] });
    t.match(await there.import('OSPROFILE', archived, bytes, { onConflict: 'replace' }), {
      error: { code: 'conflict', text: /install-user/ },
    });
    const job = await there.import('OSPROFILE', archived, bytes, { onConflict: 'rename' });
    t.match(job, { state: 'Complete', object_id: webId });
    const { rows } = await there.db.query('select name from files where id = any($1) order by id', [
      [scriptId, `${scriptId}-2`],
    ]);
    t.strictSame(rows, [{ name: 'mine.sh' }, { name: 'b.sh' }], 'both are there');
  });

  await t.test('the id of a file only this profile carries', async (t) => {
    const there = await siteWith(t, true);
    const id = await scriptOf(there, 'b.sh');
    const newer = await there.export(webId);
    await there.db.query(`update files set description = 'changed here' where id = $1`, [id]);
    t.match(await there.import('OSPROFILE', archived, newer), { error: { code: 'conflict' } });
    t.match(await there.import('OSPROFILE', archived, newer, { onConflict: 'replace' }), {
      state: 'Complete',
    });
    t.ok((await there.export(webId)).equals(newer));
  });
});

t.test('two imports of one archive at once', async (t) => {
  const here = await siteWith(t, true);
  const bytes = await here.export(webId);
  const there = await siteWith(t);
  const jobs = await Promise.all(Array.from({ length: 4 }, () => there.import('OSPROFILE', archived, bytes)));
  t.strictSame(
    jobs.map((job) => job.state),
    Array(4).fill('Complete'),
  );
  t.ok((await there.export(webId)).equals(bytes));
});
