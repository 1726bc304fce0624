/** `PUT /osImages/{id}` of a profile, and If-Match of every change (contract, section 6.2). */
import t from 'tap';
import { at, caller, shownFile, shownProfile, withProfile } from '../support/changes.ts';
import { createTestGateway } from '../support/gateway.ts';
import { addFile } from '../support/image-rows.ts';

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
