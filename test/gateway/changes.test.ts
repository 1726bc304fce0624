/** `PUT /osImages/{id}`: profiles and custom files (contract, section 6.2). */

import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { loadBlobs } from '@osimage/blob-store';
import { readSnapshot } from '@osimage/database';
import { loadSettings } from '@osimage/settings';
import t from 'tap';
import type { PackagerContext } from '../../services/packager/context.ts';
import { startExport } from '../../services/packager/jobs/start-export.ts';
import { createTestGateway, type TestGateway } from '../support/gateway.ts';
import { addFile, addImage } from '../support/image-rows.ts';

type Json = Record<string, unknown> & { messages: { text: string }[] };
type Headers = Record<string, string>;

const at = (id: string, query = '') => `/osImages/${encodeURIComponent(id)}${query}`;

function caller({ app, headers }: TestGateway) {
  return async (
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    url: string,
    payload?: object,
    more: Headers = {},
  ) => {
    const answer = await app.inject({
      method,
      url,
      headers: { ...headers, ...more },
      ...(payload && { payload }),
    });
    return { code: answer.statusCode, body: answer.json<Json>(), etag: String(answer.headers.etag ?? '') };
  };
}

interface Shown {
  id: string;
  name: string;
  description: string;
  etag: string;
  modified: string;
  modifiedBy: string;
  version: string;
  size: number;
  associatedFileId: string;
  customizationOptions: Record<string, Record<string, string[]> | string>;
}

async function shownProfile(gateway: TestGateway, id: string): Promise<Shown> {
  const { body } = await caller(gateway)('GET', `/osImages?imageType=OSPROFILE&id=${encodeURIComponent(id)}`);
  return (body.items as { profiles: Shown[] }[])[0]!.profiles[0]!;
}

async function shownFile(gateway: TestGateway, list: string, id: string): Promise<Shown> {
  const { body } = await caller(gateway)('GET', '/osImages');
  return (body[list] as Shown[]).find((file) => file.id === id)!;
}

async function withProfile(gateway: TestGateway) {
  const { db } = gateway;
  const [base] = (await addImage(db, 'rhels9.4')) as [string];
  const [one, two] = [await addFile(db, 'one.sh', 'script', 'rhels'), await addFile(db, 'two.sh', 'script')];
  const driver = await addFile(db, 'driver.iso', 'driver');
  const made = await caller(gateway)('POST', at(base), {
    profile: {
      name: 'web',
      description: 'first',
      customizationOptions: {
        installScriptOptions: { installScriptIds: [one] },
        driverOptions: { driverIds: [driver] },
        deployDataAndSoftwareLocation: '/opt',
      },
    },
  });
  return { base, one, two, driver, id: made.body.id as string, etag: made.etag };
}

t.test('a profile changes in what is given, and in nothing else', async (t) => {
  const gateway = await createTestGateway(t);
  const call = caller(gateway);
  const { id, one, two, driver } = await withProfile(gateway);
  const options = async () => (await shownProfile(gateway, id)).customizationOptions;

  const renamed = await call('PUT', at(id), { profile: { name: 'db' } });
  t.match(renamed, { code: 200, body: { result: 'success', id } }, 'its id stays');
  const shown = await shownProfile(gateway, id);
  t.match(shown, { name: 'db', description: 'first', modifiedBy: 'USERID' });
  t.match(shown.customizationOptions, {
    installScriptOptions: { installScriptIds: [one] },
    driverOptions: { driverIds: [driver] },
    deployDataAndSoftwareLocation: '/opt',
  });

  const scripts = (ids: unknown) => ({
    profile: { customizationOptions: { installScriptOptions: { installScriptIds: ids } } },
  });
  t.equal((await call('PUT', at(id), scripts([{ id: two }, one, two]))).code, 200);
  t.match(await options(), {
    installScriptOptions: { installScriptIds: [two, one] },
    driverOptions: { driverIds: [driver] },
    deployDataAndSoftwareLocation: '/opt',
  });
  t.equal((await call('PUT', at(id), scripts([]))).code, 200);
  t.match(await options(), { installScriptOptions: { installScriptIds: [] } });
  const round = { profile: { customizationOptions: { ...(await options()), driverOptions: null } } };
  t.equal(
    (await call('PUT', at(id, '?serverId=1?path=%2Fa'), round)).code,
    200,
    'what GET shows can be sent',
  );
  t.match(await options(), { driverOptions: { driverIds: [] }, deployDataAndSoftwareLocation: '/opt' });
  t.equal(
    (await call('PUT', at(id), { profile: { description: '', customizationOptions: null } })).code,
    200,
  );
  t.match(await shownProfile(gateway, id), {
    description: '',
    customizationOptions: { deployDataAndSoftwareLocation: '' },
  });
  t.equal((await call('PUT', at(id), { profile: { name: 'db' } })).code, 200, 'its own name is free');
});

t.test('what cannot be is refused and changes nothing', async (t) => {
  const gateway = await createTestGateway(t);
  const call = caller(gateway);
  const { base, id } = await withProfile(gateway);
  await addFile(gateway.db, 'a.cmd', 'script', 'win');
  const before = await shownProfile(gateway, id);
  const change = (profile: object) => ({ profile });
  const scripts = (...ids: string[]) =>
    change({ name: 'x', customizationOptions: { installScriptOptions: { installScriptIds: ids } } });
  const taken = { profile: { name: 'other', customizationOptions: null } };
  await call('POST', at(base), taken);
  for (const [what, code, url, payload, text] of [
    ['name taken', 409, at(id), change({ name: 'other' }), /has a profile named "other"/],
    ['predefined', 400, at(base), change({ name: 'x' }), /predefined profile/],
    ['unknown', 404, at(`${id}x`), change({ name: 'x' }), /no profile/],
    ['impossible id', 404, at('a b'), change({ name: 'x' }), /no profile/],
    ['base image', 400, at('rhels9.4'), change({ name: 'x' }), /not a profile/],
    ['a file without its kind', 400, at('one.sh'), change({ name: 'x' }), /imageType/],
    ['file of another family', 400, at(id), scripts('a.cmd'), /is for win/],
    ['file of another kind', 400, at(id), scripts('driver.iso'), /driver file/],
    ['unknown file', 404, at(id), scripts('none'), /no file none/],
    ['no profile', 400, at(id), {}, /must have profile/],
    ['no body', 400, at(id), undefined, /./],
    ['two things', 400, at(id), { profile: {}, installScript: {} }, /nothing else/],
    ['blank name', 400, at(id), change({ name: ' ' }), /visible/],
    ['unknown attribute', 400, at(id), change({ nme: 'x' }), /./],
    ['wrong type', 400, at(id), change({ name: 7 }), /./],
    ['unknown imageType', 400, at(id, '?imageType=BOOT'), { profile: {} }, /imageType/],
    [
      'option that is not supported',
      400,
      at(id),
      change({ customizationOptions: { bootOptions: { bootFileIds: ['one.sh'] } } }),
      /bootOptions is not possible/,
    ],
  ] as const) {
    const answer = await call('PUT', url, payload);
    t.equal(answer.code, code, `${what}: ${answer.body.messages[0]?.text}`);
    t.match(answer.body.messages[0]?.text, text, what);
  }
  t.strictSame(await shownProfile(gateway, id), before);
  const reader = await gateway.addUser('reader', 'lxc-operator');
  t.equal((await call('PUT', at(id), change({ name: 'y' }), reader)).code, 403);
});

t.test('If-Match lets a change pass only when nobody was faster', async (t) => {
  const gateway = await createTestGateway(t);
  const call = caller(gateway);
  const { id, etag } = await withProfile(gateway);
  t.equal((await shownProfile(gateway, id)).etag, etag, 'POST and the list give the same tag');
  const put = (name: string, tag: string) => call('PUT', at(id), { profile: { name } }, { 'if-match': tag });

  const first = await put('one', `"other", ${etag}`);
  t.equal(first.code, 200);
  t.not(first.etag, etag);
  t.equal((await shownProfile(gateway, id)).etag, first.etag);
  const late = await put('two', etag);
  t.equal(late.code, 412);
  t.match(late.body, {
    result: 'failed',
    messages: [{ id: 'FQXHMFC9601M', text: `The profile ${id} was changed since it was read.` }],
  });
  t.equal(late.etag, '');
  t.equal((await put('two', `W/${first.etag}`)).code, 412, 'a weak tag never matches');
  t.equal((await put('two', first.etag.replaceAll('"', ''))).code, 400, 'no tag at all');
  t.equal((await shownProfile(gateway, id)).name, 'one');
  const any = await put('two', '*');
  t.equal(any.code, 200);
  const both = await Promise.all([put('three', any.etag), put('four', any.etag)]);
  t.same(both.map(({ code }) => code).sort(), [200, 412]);
  t.equal(
    (await call('PUT', at(`${id}x`), { profile: {} }, { 'if-match': '*' })).code,
    404,
    'what is not there is not found',
  );

  t.equal((await call('DELETE', at(id), undefined, { 'if-match': any.etag })).code, 412);
  const tag = (await shownProfile(gateway, id)).etag;
  t.equal((await call('DELETE', `${at(id)},one.sh`, undefined, { 'if-match': tag })).code, 400);
  t.equal((await call('DELETE', at('rhels9.4'), undefined, { 'if-match': tag })).code, 412);
  t.equal((await call('DELETE', at(id), undefined, { 'if-match': tag })).code, 200);
  const file = await shownFile(gateway, 'installScriptFiles', 'one.sh');
  t.equal((await call('DELETE', at('one.sh'), undefined, { 'if-match': '"x"' })).code, 412);
  t.equal((await call('DELETE', at('one.sh'), undefined, { 'if-match': file.etag })).code, 200);
  t.equal((await call('DELETE', at('rhels9.4'), undefined, { 'if-match': '*' })).code, 200);
});

const kinds = [
  ['CONFIG', 'customConfigFile', 'config', 'c.json', 'configFiles', '{"a": "é"}', '[1]'],
  ['CUSTOM_CONFIG', 'customConfigFile', 'config', 'd.json', 'configFiles', '{}', 'quoted'],
  ['SCRIPT', 'installScript', 'script', 's.sh', 'installScriptFiles', '#!/bin/sh\necho +\n', ''],
  ['UNATTEND', 'unattendFile', 'unattend', 'u.xml', 'unattendFiles', '<unattend/>', '<a>'],
] as const;

t.test('a file gets other content, checked as an upload is', async (t) => {
  const gateway = await createTestGateway(t);
  const { db } = gateway;
  const call = caller(gateway);
  for (const [imageType, attribute, kind, id, list, content, wrong] of kinds) {
    await addFile(db, id, kind);
    await db.query('update files set type = $2 where id = $1', [id, imageType.replace('CUSTOM_', '')]);
    const before = await shownFile(gateway, list, id);
    const put = (value: object, more: Headers = {}) =>
      call('PUT', at(id, `?imageType=${imageType}`), { [attribute]: value }, more);

    const refused = await put({ content: wrong });
    t.equal(refused.code, 400, `${imageType}: ${refused.body.messages[0]?.text}`);
    t.notMatch(refused.body.messages[0]?.text, wrong === '' ? 'nothing' : wrong, 'the content is not quoted');
    t.equal((await put({ content }, { 'if-match': '"x"' })).code, 412);
    t.strictSame(await shownFile(gateway, list, id), before, 'nothing has changed');

    const changed = await put({ content, version: '2', description: 'new' }, { 'if-match': before.etag });
    t.match(changed, { code: 200, body: { result: 'success', id } });
    const after = await shownFile(gateway, list, id);
    t.match(after, {
      version: '2',
      description: 'new',
      size: Buffer.byteLength(content),
      etag: changed.etag,
    });
    const sha256 = createHash('sha256').update(content).digest('hex');
    const { rows } = await db.query<{ sha256: string }>(
      `select encode(sha256, 'hex') as sha256 from files where id = $1`,
      [id],
    );
    t.strictSame(rows, [{ sha256 }]);
    t.equal((await loadBlobs(db, [sha256])).get(sha256)?.rawSize, Buffer.byteLength(content));
    t.equal((await put({ version: '3' })).code, 200);
    t.match(await shownFile(gateway, list, id), { version: '3', description: 'new', size: after.size });
  }
});

t.test('an export packs what the file was when it was accepted', async (t) => {
  const gateway = await createTestGateway(t);
  const { db } = gateway;
  const { id, one } = await withProfile(gateway);
  await db.query(`update files set type = 'SCRIPT' where id = $1`, [one]);
  const digestOf = async () => {
    const { rows } = await db.query<{ sha256: string }>(
      `select encode(sha256, 'hex') as sha256 from files where id = $1`,
      [one],
    );
    return rows[0]!.sha256;
  };
  // Nobody runs what it accepts.
  const context = {
    db,
    settings: loadSettings({}),
    store: { root: tmpdir() },
    queue: { add: async () => {} },
  } as unknown as PackagerContext;
  const accept = async () => {
    const { signal } = new AbortController();
    const order = {
      profileId: id,
      serverId: '',
      path: '',
      idempotencyKey: '',
      user: '',
      requestId: '',
      signal,
    };
    return (await startExport(context, order)).jobId;
  };
  const put = (content: string) =>
    caller(gateway)('PUT', at(one, '?imageType=SCRIPT'), { installScript: { content } });
  const former = await digestOf();
  const jobId = await accept();
  t.equal((await put('#!/bin/sh\n')).code, 200);
  t.not(await digestOf(), former);
  t.match(await readSnapshot(db, jobId), former);
  const pinned = await db.query(`select from job_blobs where job_id = $1 and sha256 = decode($2, 'hex')`, [
    jobId,
    former,
  ]);
  t.equal(pinned.rowCount, 1, 'the former content cannot be collected');
  t.match(await readSnapshot(db, await accept()), await digestOf());

  const results = await Promise.all(
    Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? accept() : put(`#!/bin/sh\necho ${n}\n`))),
  );
  for (const result of results) t.ok(typeof result === 'string' || result.code === 200);
});

t.test('software has texts only, and each kind has its own attribute', async (t) => {
  const gateway = await createTestGateway(t);
  const { db } = gateway;
  const call = caller(gateway);
  for (const [kind, id] of [
    ['software', 'p.zip'],
    ['script', 's.sh'],
    ['config', 'c.json'],
    ['boot', 'b.zip'],
  ] as const)
    await addFile(db, id, kind);
  const changed = await call('PUT', at('p.zip', '?imageType=SOFTWARE&serverId=9&path=/x'), {
    customSoftware: { description: 'tools', version: '1.2' },
  });
  t.equal(changed.code, 200);
  t.match(await shownFile(gateway, 'softwareFiles', 'p.zip'), { description: 'tools', version: '1.2' });
  for (const [what, code, url, payload] of [
    ['content of software', 400, at('p.zip', '?imageType=SOFTWARE'), { customSoftware: { content: 'x' } }],
    ['attribute of another kind', 400, at('s.sh', '?imageType=SCRIPT'), { unattendFile: {} }],
    ['file of another kind', 400, at('p.zip', '?imageType=SCRIPT'), { installScript: {} }],
    ['boot file', 400, at('b.zip', '?imageType=BOOT'), { installScript: {} }],
    ['unknown file', 404, at('none', '?imageType=SCRIPT'), { installScript: { content: 'x' } }],
    ['profile as a file', 404, at('a|b', '?imageType=SCRIPT'), { installScript: {} }],
    [
      'association of a script',
      400,
      at('s.sh', '?imageType=SCRIPT'),
      { installScript: {}, associatedFileId: 'x' },
    ],
    ['no change', 400, at('c.json', '?imageType=CONFIG'), {}],
    ['half a character', 400, at('s.sh', '?imageType=SCRIPT'), { installScript: { content: 'a\ud800' } }],
    ['NUL', 400, at('s.sh', '?imageType=SCRIPT'), { installScript: { content: 'a\0' } }],
    ['too large', 413, at('s.sh', '?imageType=SCRIPT'), { installScript: { content: 'x'.repeat(2 ** 21) } }],
    ['version of two lines', 400, at('s.sh', '?imageType=SCRIPT'), { installScript: { version: '1\n2' } }],
  ] as const) {
    const answer = await call('PUT', url, payload);
    t.equal(answer.code, code, `${what}: ${answer.body.messages[0]?.text}`);
  }
  t.match(await shownFile(gateway, 'installScriptFiles', 's.sh'), { version: '', size: 15 });
});

t.test('a configuration file goes with an unattend file, which then stays', async (t) => {
  const gateway = await createTestGateway(t);
  const { db } = gateway;
  const call = caller(gateway);
  await addFile(db, 'c.json', 'config', 'rhels');
  await addFile(db, 'u.ks', 'unattend', 'rhels');
  await addFile(db, 'w.xml', 'unattend', 'win');
  await addFile(db, 's.sh', 'script');
  const put = (associatedFileId: unknown, more = {}) =>
    call('PUT', at('c.json', '?imageType=CONFIG'), { associatedFileId, ...more });
  for (const [id, code] of [
    ['none', 404],
    ['a b', 404],
    ['w.xml', 400],
    ['s.sh', 400],
    [7, 400],
  ] as const)
    t.equal((await put(id)).code, code, String(id));
  const associated = async () => (await shownFile(gateway, 'configFiles', 'c.json')).associatedFileId;
  t.equal((await put('u.ks', { customConfigFile: { description: 'x' } })).code, 200);
  t.equal(await associated(), 'u.ks');
  const refused = await call('DELETE', at('u.ks'));
  t.equal(refused.code, 409);
  t.match(refused.body.messages[0]?.text, 'configuration file c.json');
  t.equal((await call('PUT', at('c.json', '?imageType=CONFIG'), { customConfigFile: {} })).code, 200);
  t.equal(await associated(), 'u.ks', 'absent: kept');
  t.equal((await put('')).code, 200);
  t.equal(await associated(), '');
  t.equal((await put('u.ks')).code, 200);
  t.equal((await call('DELETE', '/osImages/u.ks,c.json')).code, 200, 'both together');
});

t.test('more profiles than a sentence can hold are counted', async (t) => {
  const gateway = await createTestGateway(t);
  const call = caller(gateway);
  const { base, two } = await withProfile(gateway);
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) {
    const customizationOptions = { installScriptOptions: { installScriptIds: [two] } };
    await call('POST', at(base), { profile: { name, customizationOptions } });
  }
  const { code, body } = await call('DELETE', at(two));
  t.equal(code, 409);
  t.match(
    body.messages[0]?.text,
    /used by the profiles (rhels9\.4\|[\w.-]+-install-[a-e](, | and )){5}2 more\.$/,
  );
});
