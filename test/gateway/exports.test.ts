/** Starting an export with a GET, and what must not start one (contract, sections 2.3 and 7.1). */
import { connect } from 'node:net';
import t, { type Test } from 'tap';
import { createTestGateway, userName, userPassword } from '../support/gateway.ts';
import { addFile, addImage } from '../support/image-rows.ts';
import { createRowPackager, type RowPackager } from '../support/row-packager.ts';

const profile = 'win2016|win2016-x86_64-install-Standard_core';
const encoded = encodeURIComponent(profile);

async function gatewayWithPackager(t: Test) {
  let packager: RowPackager | undefined;
  const gateway = await createTestGateway(t, {
    packager: async (url) => (packager = createRowPackager(url, () => gateway.services.storeRoot)),
  });
  return { ...gateway, packager: packager! };
}

t.test('the example of the requirement, with a raw and with an encoded bar', async (t) => {
  const { app, headers, packager } = await gatewayWithPackager(t);
  const address = new URL(await app.listen({ port: 0, host: '127.0.0.1' }));
  for (const id of [profile, encoded, profile.replace('|', '%7c')]) {
    // A raw request: clients in between would encode the bar.
    const socket = connect(Number(address.port), address.hostname);
    socket.write(
      `GET /osImages/${id}?serverId=101&path=%2F/some%2F/path%2F/to%2F/file HTTP/1.1\r\nHost: x\r\n` +
        `Authorization: ${headers.authorization}\r\nConnection: close\r\n\r\n`,
    );
    let text = '';
    for await (const chunk of socket.setEncoding('utf8')) text += chunk;
    t.match(text, /^HTTP\/1\.1 200 /);
    t.match(text, /cache-control: no-store/i);
    const body = JSON.parse(text.slice(text.indexOf('{')));
    const { jobID } = body;
    t.match(jobID, /^\d+$/);
    t.strictSame(body, {
      filename: '20260131054310_web.tar.gz',
      jobID,
      jobId: jobID,
      result: 'success',
      messages: [],
    });
  }
  const asked = { profileId: profile, serverId: '101', path: '//some//path//to//file', idempotencyKey: '' };
  t.strictSame(packager.exports, [asked, asked, asked]);
});

t.test('a remark is a message, and a failure has empty names and strings', async (t) => {
  const { app, headers, packager, addUser } = await gatewayWithPackager(t);
  const remark = await app.inject({ url: `/osImages/${encoded}?path=/a`, headers });
  t.match(remark.json(), { result: 'success', messages: [/path was ignored/] });
  const started = packager.exports.length;

  const operator = await addUser('reader', 'lxc-operator');
  const long = `win2016|${'x'.repeat(300)}`;
  const refusals: [string, number, string, Record<string, string>][] = [
    ['not signed in', 401, `/osImages/${encoded}`, {}],
    ['no privilege', 403, `/osImages/${encoded}`, operator],
    ['cross-site', 403, `/osImages/${encoded}`, { ...headers, 'sec-fetch-site': 'cross-site' }],
    ['300 characters', 404, `/osImages/${encodeURIComponent(long)}`, headers],
    ['comma', 404, '/osImages/win2016%7Ca,win2016%7Cb', headers],
    ['percent sign', 404, '/osImages/win2016%7Ca%25b', headers],
    ['encoded twice', 404, `/osImages/${encodeURIComponent(encoded)}`, headers],
    ['slash', 404, '/osImages/win2016%7Ca%2Fb', headers],
    ['broken encoding', 400, '/osImages/win2016%7Ca%', headers],
    ['NUL', 400, '/osImages/win2016%7Ca%00', headers],
    ['unusable server', 404, `/osImages/${encoded}?serverId=a%20b`, headers],
    ['two servers', 400, `/osImages/${encoded}?serverId=1&serverId=2`, headers],
    ['endless path', 400, `/osImages/${encoded}?serverId=1&path=${'x'.repeat(5_000)}`, headers],
  ];
  for (const [what, code, url, given] of refusals) {
    const answer = await app.inject({ url, headers: given });
    t.equal(answer.statusCode, code, what);
    if (what === 'broken encoding') continue;
    const body = answer.json();
    t.match(body, { filename: '', jobID: '', result: 'failed' }, what);
    t.ok(body.messages.length > 0 && body.messages.every((text: unknown) => typeof text === 'string'), what);
  }
  t.equal(packager.exports.length, started, 'none of these started an export');
});

t.test('HEAD starts nothing and has no side effects', async (t) => {
  const { app, db, headers, packager } = await gatewayWithPackager(t);
  await addImage(db, 'win2016', 'windows', ['Standard_core']);
  await addFile(db, 'a.cmd', 'script');
  for (const [url, code] of [
    [`/osImages/${encoded}`, 200],
    [`/osImages/${encoded}?serverId=101&path=/a`, 200],
    [`/osImages/${encoded}x`, 404],
    ['/osImages/win2016', 400],
    ['/osImages/a.cmd', 404],
    [`/osImages/${'x'.repeat(300)}`, 404],
  ] as const) {
    const answer = await app.inject({ method: 'HEAD', url, headers });
    t.equal(answer.statusCode, code, url);
    t.equal(answer.body, '');
  }
  t.strictSame(packager.exports, []);
  t.equal((await db.query('select from jobs')).rowCount, 0);
});

t.test(
  'with a session cookie an export needs the CSRF header, and nothing else that reads does',
  async (t) => {
    const { app, db, packager } = await gatewayWithPackager(t);
    await addImage(db, 'win2016', 'windows', ['Standard_core']);
    const payload = { UserId: userName, password: userPassword };
    const signedIn = await app.inject({ method: 'POST', url: '/sessions', payload });
    const cookies = Object.fromEntries(signedIn.cookies.map(({ name, value }) => [name, value]));
    const url = `/osImages/${encoded}`;
    const token = cookies.csrf!;
    const bare = await app.inject({ url, cookies });
    t.equal(bare.statusCode, 403);
    t.match(bare.json(), { filename: '', messages: [/X-Csrf-Token/, String] });
    t.equal((await app.inject({ url, cookies, headers: { 'x-csrf-token': `${token}x` } })).statusCode, 403);
    t.equal(packager.exports.length, 0);
    t.equal((await app.inject({ url, cookies, headers: { 'x-csrf-token': token } })).statusCode, 200);
    t.equal((await app.inject({ method: 'HEAD', url, cookies })).statusCode, 200);
    t.equal((await app.inject({ url: '/osImages', cookies })).statusCode, 200);
    t.equal((await app.inject({ url: '/osImages/none.tar.gz', cookies })).statusCode, 404);
  },
);
