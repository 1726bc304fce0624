/** Deleting (contract, section 6.3): all or nothing, also beside changes. */
import { existsSync } from 'node:fs';
import { createCustomProfile, deleteObjects } from '@osimage/database';
import fc from 'fast-check';
import t from 'tap';
import { createTestGateway, type TestGateway } from '../support/gateway.ts';
import { call, create, list, profileIds } from '../support/image-calls.ts';
import { addArchive, addFile, addImage, count } from '../support/image-rows.ts';

const gone = (gateway: TestGateway, ids: string[]) =>
  call(gateway, 'DELETE', `/osImages/${ids.join(',')}`, {});

t.test('deletes all or nothing', async (t) => {
  const gateway = await createTestGateway(t);
  const { db, services } = gateway;
  const [minimal, virtual] = (await addImage(db, 'rhels9.4', 'rhel', ['Minimal', 'Virtualization'])) as [
    string,
    string,
  ];
  await addImage(db, 'win2016', 'windows', ['Standard_core']);
  const script = await addFile(db, 'a.sh', 'script');
  const unused = await addFile(db, 'b.sh', 'script');
  const name = '20260131054310_web.tar.gz';
  const archive = await addArchive(db, services.storeRoot, name, Buffer.from('archive'));
  const web = (
    await create(gateway, minimal, 'web', { installScriptOptions: { installScriptIds: [script] } })
  ).body.id as string;

  const everything = await count(db, 'object_ids');
  for (const [ids, code] of [
    [[unused, 'none'], 404],
    [[unused, 'x'.repeat(300)], 404],
    [[unused, 'a%25b'], 404],
    [[unused, 'a%20b'], 404],
    [[unused, script], 409],
    [['rhels9.4', unused, web], 400],
    [[','], 400],
  ] as const) {
    const answer = await gone(gateway, [...ids]);
    t.equal(answer.code, code, `${ids}: ${answer.body.messages[0]?.text}`);
  }
  t.match((await gone(gateway, [script])).body.messages[0]?.text, web, 'the profile in the way is named');
  t.equal(await count(db, 'object_ids'), everything);
  t.ok(existsSync(archive.path));

  t.match(await gone(gateway, [unused, unused]), { code: 200, body: { result: 'success' } }, 'twice is once');
  t.equal((await gone(gateway, [minimal])).code, 200);
  t.ok(
    profileIds(await list(gateway)).includes(web),
    'a customized profile outlives the one it was made from',
  );

  t.equal((await gone(gateway, [name])).code, 200);
  t.notOk(existsSync(archive.path));
  t.strictSame((await list(gateway)).exportFiles, []);
  t.match(await gone(gateway, [name]), { code: 404, body: { messages: [{ text: /was deleted at/ }] } });
  const reserved = await db.query('select from object_ids where id = $1', [name]);
  t.equal(reserved.rowCount, 1, 'its name stays taken');

  t.equal((await gone(gateway, [web, script])).code, 200, 'a file together with its last user');
  t.equal((await gone(gateway, ['rhels9.4'])).code, 200);
  t.strictSame(profileIds(await list(gateway)), ['win2016|win2016-x86_64-install-Standard_core']);
  const left = await db.query<{ id: string }>(
    `select id from object_ids where kind <> 'archive' order by id`,
  );
  t.strictSame(
    left.rows.map(({ id }) => id),
    ['win2016', 'win2016|win2016-x86_64-install-Standard_core'],
    `no id of ${virtual} or others stays`,
  );

  const reader = await gateway.addUser('reader', 'lxc-operator');
  const answer = await gateway.app.inject({ method: 'DELETE', url: '/osImages/win2016', headers: reader });
  t.equal(answer.statusCode, 403);
  const bare = await gateway.app.inject({
    method: 'DELETE',
    url: '/osImages/win2016',
    headers: gateway.headers,
  });
  t.equal(bare.statusCode, 200, 'without a body');
});

t.test('more profiles than a sentence can hold are counted', async (t) => {
  const gateway = await createTestGateway(t);
  const [base] = (await addImage(gateway.db, 'rhels9.4')) as [string];
  const script = await addFile(gateway.db, 'two.sh', 'script');
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g'])
    await create(gateway, base, name, { installScriptOptions: { installScriptIds: [script] } });
  const { code, body } = await gone(gateway, [script]);
  t.equal(code, 409);
  t.match(
    body.messages[0]?.text,
    /used by the profiles (rhels9\.4\|[\w.-]+-install-[a-e](, | and )){5}2 more\.$/,
  );
});

t.test('ten thousand files go in one deletion', async (t) => {
  const { db } = await createTestGateway(t);
  await addFile(db, 'first', 'script');
  const ids = Array.from({ length: 10_000 }, (_, n) => `file${n}`);
  await db.query(`insert into object_ids (id, kind) select id, 'file' from unnest($1::text[]) as id`, [ids]);
  await db.query(
    `insert into files (id, kind, name, size, sha256, created_by)
     select n.id, kind, n.id, size, sha256, created_by from files, unnest($1::text[]) as n (id)`,
    [ids],
  );
  await db.transaction((tx) => deleteObjects(tx, [...ids, ...ids]));
  t.equal(await count(db, 'object_ids'), 1);
});

t.test('deletions and new profiles at the same time leave nothing that refers to nothing', async (t) => {
  const { db } = await createTestGateway(t);
  let round = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.shuffledSubarray(['image', 'file', 'base', 'both', 'make', 'make2'], { minLength: 3 }),
      async (deeds) => {
        const image = `r${++round}`;
        const [baseId] = (await addImage(db, image)) as [string];
        const file = await addFile(db, `f${round}`, 'script');
        const make = (name: string) =>
          db.transaction((tx) =>
            createCustomProfile(tx, {
              ...{ baseId, name, description: '', location: '', files: { script: [file] }, user: '' },
            }),
          );
        const remove = (...ids: string[]) => db.transaction((tx) => deleteObjects(tx, ids));
        const work: Record<string, () => Promise<unknown>> = {
          image: () => remove(image),
          file: () => remove(file),
          base: () => remove(baseId),
          both: () => remove(file, image),
          make: () => make('one'),
          make2: () => make('two'),
        };
        const results = await Promise.allSettled(deeds.map((deed) => work[deed]!()));
        const expected = ['not_found', 'in_use'];
        for (const result of results) {
          if (result.status === 'rejected' && !expected.includes(result.reason.code)) throw result.reason;
        }
        const { rows } = await db.query(
          `select id from object_ids where kind = 'profile' and id not in (select id from profiles)
         union all select id from object_ids where kind = 'file' and id not in (select id from files)
         union all select id from object_ids where kind = 'image' and id not in (select id from images)`,
        );
        if (rows.length > 0) throw new Error(`ids of nothing: ${JSON.stringify(rows)}`);
      },
    ),
    { numRuns: 40 },
  );
  t.pass();
});
