/** Listing and making (contract, sections 4 and 6.1). */
import { createCustomProfile } from '@osimage/database';
import t from 'tap';
import { createTestGateway } from '../support/gateway.ts';
import { call, create, items, type Json, list, profileIds } from '../support/image-calls.ts';
import { addArchive, addFile, addImage, count } from '../support/image-rows.ts';

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
