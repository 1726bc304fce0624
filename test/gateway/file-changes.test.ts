/** `PUT /osImages/{id}` of a custom file (contract, section 6.2). */
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { loadBlobs } from '@osimage/blob-store';
import { readSnapshot } from '@osimage/database';
import { loadSettings } from '@osimage/settings';
import t from 'tap';
import type { PackagerContext } from '../../services/packager/context.ts';
import { startExport } from '../../services/packager/jobs/start-export.ts';
import { at, caller, shownFile, withProfile } from '../support/changes.ts';
import { createTestGateway } from '../support/gateway.ts';
import type { Headers } from '../support/image-calls.ts';
import { addFile } from '../support/image-rows.ts';

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
