/** Listing, making and deleting (contract, sections 4, 6.1 and 6.3). */
import { existsSync } from 'node:fs';
import { createCustomProfile, type Database, deleteObjects } from '@osimage/database';
import fc from 'fast-check';
import t from 'tap';
import { createTestGateway, type TestGateway } from '../support/gateway.ts';
import { addArchive, addFile, addImage } from '../support/image-rows.ts';

type Json = Record<string, unknown> & { messages: { text: string }[] };

async function call(
  { app, headers }: TestGateway,
  method: 'GET' | 'POST' | 'DELETE',
  url: string,
  payload?: object,
) {
  const answer = await app.inject({ method, url, headers, ...(payload && { payload }) });
  return { code: answer.statusCode, body: answer.json<Json>(), headers: answer.headers };
}

const list = async (gateway: TestGateway, query = '') =>
  (await call(gateway, 'GET', `/osImages${query}`)).body;

interface Item {
  id: string;
  profiles: { id: string; type: string; customizationOptions: Record<string, unknown> | null }[];
}

const items = (body: Json) => body.items as Item[];
const profileIds = (body: Json) => items(body).flatMap((item) => item.profiles.map((profile) => profile.id));

function create(
  gateway: TestGateway,
  baseId: string,
  name: string,
  customizationOptions: object | null = null,
) {
  return call(gateway, 'POST', `/osImages/${encodeURIComponent(baseId)}`, {
    profile: { name, customizationOptions },
  });
}

async function count(db: Database, table: string): Promise<number> {
  const { rows } = await db.query<{ count: number }>(`select count(*) from ${table}`);
  return rows[0]!.count;
}

const gone = (gateway: TestGateway, ids: string[]) =>
  call(gateway, 'DELETE', `/osImages/${ids.join(',')}`, {});

t.test('an empty installation has every list', async (t) => {
  const body = await list(await createTestGateway(t));
  const { supportedImages, messages, ...rest } = body;
  t.strictSame(rest, {
    result: 'success',
    ...{ items: [], bootFiles: [], driverFiles: [], installScriptFiles: [], softwareFiles: [] },
    ...{ unattendFiles: [], configFiles: [], exportFiles: [], bundleFiles: [] },
  });
  t.ok((supportedImages as unknown[]).length > 0);
  t.equal(messages.length, 1);
});

t.test('lists images with profiles, files by kind, and archives', async (t) => {
  const gateway = await createTestGateway(t);
  const { db, services } = gateway;
  const [minimal] = await addImage(db, 'rhels9.4', 'rhel', ['Minimal', 'Virtualization']);
  await addImage(db, 'win2016', 'windows', ['Standard_core']);
  const script = await addFile(db, '20260131054310_a.sh', 'script');
  for (const kind of ['boot', 'driver', 'software', 'unattend', 'config'])
    await addFile(db, `f-${kind}`, kind);
  await addArchive(db, services.storeRoot, '20260131054310_web.tar.gz', Buffer.from('archive'));
  const made = await create(gateway, minimal!, 'web', {
    installScriptOptions: { installScriptIds: [script] },
  });
  t.equal(made.code, 200);
  t.equal(made.body.id, 'rhels9.4|rhels9.4-x86_64-install-web');

  const body = await list(gateway);
  t.strictSame(profileIds(body), [
    'rhels9.4|rhels9.4-x86_64-install-Minimal',
    'rhels9.4|rhels9.4-x86_64-install-Virtualization',
    'rhels9.4|rhels9.4-x86_64-install-web',
    'win2016|win2016-x86_64-install-Standard_core',
  ]);
  t.strictSame(
    items(body).map((item) => item.id),
    ['rhels9.4', 'win2016'],
  );
  t.match(items(body)[0], {
    name: 'rhels9.4',
    osrelease: 'rhels9.4',
    osBuildId: '',
    deployStatus: '',
    type: 'rhel',
  });
  const [predefined, , custom] = items(body)[0]!.profiles;
  t.match(predefined, { type: 'predefined', customizationOptions: null });
  t.match(custom, { type: 'custom', name: 'web', modifiedBy: 'USERID' });
  t.strictSame(custom!.customizationOptions, {
    bootOptions: '',
    customConfigOptions: { customConfigFileIds: [] },
    customSoftwareOptions: { customSoftwareIds: [] },
    driverOptions: { driverIds: [] },
    installScriptOptions: { installScriptIds: [script] },
    unattendOptions: { unattendFileIds: [] },
    deployDataAndSoftwareLocation: '',
  });
  for (const [name, id] of [
    ['bootFiles', 'f-boot'],
    ['driverFiles', 'f-driver'],
    ['installScriptFiles', script],
    ['softwareFiles', 'f-software'],
    ['unattendFiles', 'f-unattend'],
    ['configFiles', 'f-config'],
    ['exportFiles', '20260131054310_web.tar.gz'],
  ] as const) {
    t.match(body[name], [{ id }], name);
  }
  t.match((body.bootFiles as unknown[])[0], {
    os: '',
    osrelease: '',
    bundleId: '',
    size: 17,
    description: '',
  });

  const only = await list(
    gateway,
    '?imageType=OSPROFILE&id=win2016%7Cwin2016-x86_64-install-Standard_core,none',
  );
  t.strictSame(profileIds(only), ['win2016|win2016-x86_64-install-Standard_core']);
  t.strictSame(only.bootFiles, []);
  t.strictSame(profileIds(await list(gateway, '?name=VIRT')), [
    'rhels9.4|rhels9.4-x86_64-install-Virtualization',
  ]);
  t.strictSame(profileIds(await list(gateway, `?usesFile=${script}`)), [made.body.id]);
  t.strictSame(items(await list(gateway, '?name=%25')), [], 'a percent sign means itself');
  t.equal((await call(gateway, 'GET', '/osImages?imageType=BUNDLE')).code, 400);
  for (const wrong of [
    'limit=0',
    'limit=1001',
    'limit=x',
    'after=nolist:a',
    'after=a%20b',
    'usesFile=a%20b',
    'name=%00',
  ]) {
    const { code } = await call(gateway, 'GET', `/osImages?${wrong}`);
    t.ok(code === 400 || code === 404, `${wrong} is refused: ${code}`);
  }
});

t.test('pages of any size walk through the same things in the same order', async (t) => {
  const gateway = await createTestGateway(t);
  const { db, services } = gateway;
  await addImage(db, 'a', 'rhel', ['1', '2', '3']);
  await addImage(db, 'a-b', 'rhel', []);
  await addImage(db, 'a.c', 'rhel', ['1', '2']);
  await addImage(db, 'b', 'debian', ['1']);
  for (const kind of ['boot', 'script', 'config'])
    for (const n of [1, 2]) await addFile(db, `${kind}${n}`, kind);
  await addArchive(db, services.storeRoot, '1.tar.gz', Buffer.from('1'));
  await addArchive(db, services.storeRoot, '2.tar.gz', Buffer.from('2'));

  /** What a list shows, flat and in order: images without profiles by their own id. */
  const flat = (body: Json) => {
    const lists = [
      'bootFiles',
      'driverFiles',
      'installScriptFiles',
      'softwareFiles',
      'unattendFiles',
      'configFiles',
    ];
    const ids = (name: string) => (body[name] as { id: string }[]).map(({ id }) => id);
    const images = items(body).flatMap(({ id, profiles }) =>
      profiles.length > 0 ? profiles.map((p) => p.id) : [id],
    );
    return [...images, ...[...lists, 'exportFiles'].flatMap(ids)];
  };
  const whole = flat(await list(gateway));
  t.equal(whole.length, 15);
  for (let limit = 1; limit <= whole.length + 1; limit++) {
    const seen: string[] = [];
    for (let after = ''; ; ) {
      const body = await list(gateway, `?limit=${limit}&after=${encodeURIComponent(after)}`);
      const page = flat(body);
      t.ok(page.length <= limit && page.length > 0);
      seen.push(...page);
      after = body.next as string;
      if (after === '') break;
    }
    t.strictSame(seen, whole, `pages of ${limit}`);
  }
});

t.test('a long list is streamed and whole', async (t) => {
  const gateway = await createTestGateway(t);
  const { db } = gateway;
  const kinds = Array.from({ length: 1_203 }, (_, n) => `kind${n}`);
  await addImage(db, 'rhels9.4', 'rhel', []);
  await db.query(
    `with names as (select 'rhels9.4|rhels9.4-x86_64-install-' || kind as id, kind from unnest($1::text[]) as kind),
       ids as (insert into object_ids (id, kind) select id, 'profile' from names)
     insert into profiles (id, image_id, kind, name, created_by, modified_by)
     select id, 'rhels9.4', 'predefined', kind, '', '' from names`,
    [kinds],
  );
  const answer = await gateway.app.inject({ url: '/osImages', headers: gateway.headers });
  t.notOk(answer.headers['content-length'], 'its length was not known before it was sent');
  t.equal(new Set(profileIds(answer.json<Json>())).size, kinds.length);
});

t.test('makes customized profiles, and refuses what does not fit', async (t) => {
  const gateway = await createTestGateway(t);
  const { db } = gateway;
  const [linux] = (await addImage(db, 'rhels9.4')) as [string];
  const [windows] = (await addImage(db, 'win2016', 'windows', ['Standard_core'])) as [string];
  const script = await addFile(db, 'a.sh', 'script', 'rhels');
  const cmd = await addFile(db, 'a.cmd', 'script', 'win');
  const config = await addFile(db, 'c.json', 'config');
  const boot = await addFile(db, 'b.zip', 'boot', 'win');

  const web = await create(gateway, linux, 'web node', {
    customConfigOptions: { customConfigFileIds: [{ id: config }, config] },
    installScriptOptions: { installScriptIds: [script] },
    bootOptions: '',
    driverOptions: null,
    deployDataAndSoftwareLocation: '/opt/data',
  });
  t.match(web, { code: 200, body: { result: 'success', id: 'rhels9.4|rhels9.4-x86_64-install-web-node' } });
  const copied = await db.query(`select name from predefined_files where profile_id = $1`, [web.body.id]);
  t.strictSame(copied.rows, [{ name: 'install.cfg' }], 'it has the predefined files of its base');
  const position = await db.query(
    'select file_id from profile_files where profile_id = $1 order by position',
    [web.body.id],
  );
  t.equal(position.rowCount, 2, 'an id given twice counts once');

  const other = await create(gateway, linux, 'web/node');
  t.equal(other.body.id, 'rhels9.4|rhels9.4-x86_64-install-web-node-2', 'another name with the same slug');
  t.equal((await create(gateway, windows, 'boot', { bootOptions: { bootFileIds: [boot] } })).code, 200);

  const options = { installScriptOptions: { installScriptIds: [cmd] } };
  const refused: [string, number, () => Promise<{ code: number; body: Json }>][] = [
    ['name taken', 409, () => create(gateway, linux, 'web node')],
    ['file of another system', 400, () => create(gateway, linux, 'x', options)],
    [
      'option not supported',
      400,
      () => create(gateway, linux, 'x', { bootOptions: { bootFileIds: [boot] } }),
    ],
    [
      'file of another kind',
      400,
      () => create(gateway, linux, 'x', { driverOptions: { driverIds: [script] } }),
    ],
    ['unknown file', 404, () => create(gateway, linux, 'x', { driverOptions: { driverIds: ['none'] } })],
    ['unusable file id', 404, () => create(gateway, linux, 'x', { driverOptions: { driverIds: ['a b'] } })],
    ['unknown profile', 404, () => create(gateway, `${linux}x`, 'x')],
    ['id of 300 characters', 404, () => create(gateway, 'x'.repeat(300), 'x')],
    ['base image', 400, () => create(gateway, 'rhels9.4', 'x')],
    ['customized profile', 400, () => create(gateway, web.body.id as string, 'x')],
    ['empty name', 400, () => create(gateway, linux, '')],
    ['blank name', 400, () => create(gateway, linux, '  ')],
    ['control character', 400, () => create(gateway, linux, 'a\u0007b')],
    ['NUL', 400, () => create(gateway, linux, 'a\0b')],
    ['name too long', 400, () => create(gateway, linux, 'x'.repeat(201))],
    ['no profile', 400, () => call(gateway, 'POST', `/osImages/${encodeURIComponent(linux)}`, {})],
    [
      'no options',
      400,
      () => call(gateway, 'POST', `/osImages/${encodeURIComponent(linux)}`, { profile: { name: 'x' } }),
    ],
  ];
  const before = await count(db, 'object_ids');
  for (const [what, code, attempt] of refused) {
    const answer = await attempt();
    t.equal(answer.code, code, `${what}: ${answer.body.messages[0]?.text}`);
    t.equal(answer.body.result, 'failed');
  }
  t.equal(await count(db, 'object_ids'), before, 'nothing was left behind');
  const operator = await gateway.addUser('reader', 'lxc-operator');
  const url = `/osImages/${encodeURIComponent(linux)}`;
  const payload = { profile: { name: 'y', customizationOptions: null } };
  t.equal((await gateway.app.inject({ method: 'POST', url, headers: operator, payload })).statusCode, 403);
});

t.test(
  'one name asked for twice at once is made once; other names of one slug get their own ids',
  async (t) => {
    const { db } = await createTestGateway(t);
    const [baseId] = (await addImage(db, 'rhels9.4')) as [string];
    const make = (name: string) =>
      db.transaction((tx) =>
        createCustomProfile(tx, { baseId, name, description: '', location: '', files: {}, user: 'USERID' }),
      );
    const same = await Promise.allSettled([make('web'), make('web'), make('web')]);
    t.equal(same.filter(({ status }) => status === 'fulfilled').length, 1);
    for (const { reason } of same.filter((result) => result.status === 'rejected'))
      t.equal(reason.code, 'conflict');
    const ids = await Promise.all(['a b', 'a/b', 'a:b', 'a+b'].map(make));
    t.equal(new Set(ids).size, 4);
  },
);

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
