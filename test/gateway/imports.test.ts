/** Creating imports and uploading their files (contract, section 5). */
import { randomBytes } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { basic } from '../support/gateway.ts';
import { formOf, importGateway, staged } from '../support/import-gateway.ts';
import { part } from '../support/multipart.ts';

t.test('creates an import of each type, or says why not', async (t) => {
  const { app, headers, db, addUser } = await importGateway(t);
  const post = async (
    query: string,
    payload: unknown = { Action: 'init' },
    given: Record<string, string> = headers,
  ) => {
    const url = `/osImages${query}`;
    const answer = await app.inject({ method: 'POST', url, headers: given, payload: payload as object });
    return { code: answer.statusCode, body: answer.json() };
  };
  const ten = [
    'OS',
    'OSPROFILE',
    'BOOT',
    'BUNDLE',
    'BUNDLESIG',
    'CONFIG',
    'DUD',
    'SCRIPT',
    'SOFTWARE',
    'UNATTEND',
  ];
  for (const type of [...ten, 'CUSTOM_CONFIG']) {
    const { code, body } = await post(`/?imageType=${type}`, { Action: 'Init', fileSize: '10' });
    t.equal(code, 200, type);
    t.match(body.jobId, /^\d+$/);
    t.match(body, { result: 'success', messages: [{ id: 'FQXHMSE0001I' }] });
  }
  const types = await db.query<{ type: string }>(`select import->>'imageType' as type from jobs order by id`);
  t.equal(types.rows.at(-1)?.type, 'CONFIG', 'CUSTOM_CONFIG is CONFIG');
  t.equal((await post('')).code, 200, 'OS is the default');
  t.equal((await post('?imageType=CONFIG&importByContent=false', { Action: 'INIT', fileSize: 5 })).code, 200);
  t.equal((await post('?imageType=OS', { Action: 'init', fileSize: '' })).code, 200);

  const before = await db.query('select from jobs');
  for (const [query, payload, code] of [
    ['?imageType=nothing', { Action: 'init' }, 400],
    ['?imageType=toString', { Action: 'init' }, 400],
    ['?imageType=OS&imageType=BOOT', { Action: 'init' }, 400],
    ['?imageType=SCRIPT&importByContent=true', { Action: 'init' }, 400],
    ['?imageType=CONFIG&importByContent=maybe', { Action: 'init' }, 400],
    ['', { Action: 'start' }, 400],
    ['', {}, 400],
    ['', null, 400],
    ['', { Action: 'init', fileSize: -1 }, 400],
    ['', { Action: 'init', fileSize: 'many' }, 400],
    ['', { Action: 'init', fileSize: 1.5 }, 400],
    ['', { Action: 'init', fileSize: '900000000000000' }, 507],
  ] as const) {
    const answer = await post(query, payload);
    t.equal(answer.code, code, `${query} ${JSON.stringify(payload)}: ${answer.body.messages[0].text}`);
  }
  t.equal((await post('', { Action: 'init' }, await addUser('reader', 'lxc-operator'))).code, 403);
  t.equal((await db.query('select from jobs')).rowCount, before.rowCount, 'no job was made');
});

t.test('takes an upload and starts its import', async (t) => {
  const gateway = await importGateway(t);
  const { create, upload, staging, job, packager } = gateway;
  const content = randomBytes(3_000_001);
  const jobId = await create('SCRIPT', content.length);
  const query = 'imageType=SCRIPT&imageName=c++%20%23a%C3%BC.sh&os=rhels&description=a%20b+c';
  const { code, text } = await upload(jobId, query, formOf(content));
  t.equal(code, 200, text);
  t.match(JSON.parse(text), { jobId, result: 'success', messages: [Object] });
  t.ok((await readFile(join(staging, jobId))).equals(content));
  t.equal((await stat(join(staging, jobId))).mode & 0o777, 0o600);
  const { rows } = await gateway.db.query<{ import: unknown }>('select import from jobs where id = $1', [
    jobId,
  ]);
  t.match(rows[0]?.import, { name: 'c++ #aü.sh', os: 'rhels', description: 'a b+c', size: content.length });
  t.equal(packager.started, 1);
  t.equal((await job(jobId)).step, 'waiting');

  const again = await upload(jobId, query, formOf('x'));
  t.equal(again.code, 409, 'a job takes one file');
  t.ok((await readFile(join(staging, jobId))).equals(content), 'which stays as it is');
});

t.test('finds the file among any parts in any order, whatever headers it has', async (t) => {
  const { create, upload, staging, db } = await importGateway(t);
  const file = part('uploadedfile', 'content', '; filename="b.sh"');
  const decoy = part('other', 'not this', '; filename="c.sh"\r\nContent-Type: application/octet-stream');
  const field = part('name', 'uploadedfile');
  for (const parts of [
    [file],
    [field, file],
    [file, field],
    [decoy, file, decoy],
    [part('fileSize', '7'), file],
  ]) {
    const jobId = await create();
    const { code, text } = await upload(jobId, 'imageType=SCRIPT', `${parts.join('')}--edge--\r\n`);
    t.equal(code, 200, text);
    t.equal(await readFile(join(staging, jobId), 'utf8'), 'content');
    const { rows } = await db.query<{ name: string }>(
      `select import->>'name' as name from jobs where id = $1`,
      [jobId],
    );
    t.equal(rows[0]?.name, 'b.sh', 'without imageName the part names the file');
  }
  const bare = await create();
  const { code, text } = await upload(
    bare,
    'imageType=SCRIPT&imageName=a.sh',
    `${part('uploadedfile', 'x')}--edge--\r\n`,
  );
  t.equal(code, 200, text);
  const tricky = await create();
  const content = '\r\n--edg\r\n--edg--\r\n\r\n--';
  t.equal(
    (await upload(tricky, 'imageType=SCRIPT&imageName=a.sh', `${part('uploadedfile', content)}--edge--`))
      .code,
    200,
  );
  t.equal(
    await readFile(join(staging, tricky), 'utf8'),
    content,
    'what only looks like a boundary is content',
  );
});

t.test('refuses what is wrong and lets the import wait for a better try', async (t) => {
  const gateway = await importGateway(t);
  const { create, upload, job, addUser, app, headers, packager } = gateway;
  await addUser('other', 'lxc-admin');
  const jobId = await create();
  const ok = 'imageType=SCRIPT&imageName=a.sh';
  const file = part('uploadedfile', 'x', '; filename="a.sh"');
  const end = '--edge--\r\n';
  for (const [what, code, query, form] of [
    ['wrong type', 400, 'imageType=DUD&imageName=a.iso', `${file}${end}`],
    ['unknown type', 400, 'imageType=x&imageName=a.sh', `${file}${end}`],
    ['onConflict for no archive', 400, `${ok}&onConflict=rename`, `${file}${end}`],
    ['check of no archive', 400, `${ok}&check=true`, `${file}${end}`],
    ['unknown onConflict', 400, `${ok}&onConflict=merge`, `${file}${end}`],
    ['wrong extension', 400, 'imageType=SCRIPT&imageName=a.exe', `${file}${end}`],
    ['folder in the name', 400, 'imageType=SCRIPT&imageName=..%2Fa.sh', `${file}${end}`],
    ['device name', 400, 'imageType=SCRIPT&imageName=CON.sh', `${file}${end}`],
    ['NUL in the name', 400, 'imageType=SCRIPT&imageName=a%00.sh', `${file}${end}`],
    ['unknown system', 400, `${ok}&os=plan9`, `${file}${end}`],
    ['two files', 400, ok, `${file}${file}${end}`],
    ['no file', 400, ok, `${part('name', 'uploadedfile')}${end}`],
    ['no part', 400, ok, end],
    ['no name at all', 400, 'imageType=SCRIPT', `${part('uploadedfile', 'x')}${end}`],
    [
      'bad name in the part',
      400,
      'imageType=SCRIPT',
      `${part('uploadedfile', 'x', '; filename="a.exe"')}${end}`,
    ],
  ] as const) {
    const answer = await upload(jobId, query, form);
    t.equal(answer.code, code, `${what}: ${answer.text}`);
    t.match(JSON.parse(answer.text), {
      result: 'failed',
      messages: [{ text: String, recovery: { text: String } }],
    });
    t.strictSame(await staged(gateway), [], `${what} leaves nothing`);
  }
  const post = async (contentType: string, payload: string, given = headers, id = jobId) => {
    const url = `/files/osImages?jobId=${id}&${ok}`;
    const answer = await app.inject({
      method: 'POST',
      url,
      payload,
      headers: { ...given, 'content-type': contentType },
    });
    return { code: answer.statusCode, body: answer.json() };
  };
  const multipart = 'multipart/form-data; boundary=edge';
  t.equal((await post('multipart/form-data', `${file}${end}`)).code, 400, 'no boundary');
  const remote = await post('application/json', '{"serverId":"1","path":"iso/a.sh"}');
  t.match(remote, { code: 404, body: { messages: [{ text: 'There is no remote file server 1.' }] } });
  const others = await post('application/json', '{"serverId":"1","path":"iso/a.sh"}', basic('other'));
  t.match(others, { code: 403, body: { messages: [{ text: /Only the user who created/ }] } });
  t.equal((await post('application/json', '')).code, 400);
  t.equal((await post('text/plain', 'x')).code, 415);
  const stranger = await post(multipart, `${file}${end}`, basic('other'));
  t.match(stranger, { code: 403, body: { messages: [{ text: /Only the user who created/ }] } });
  for (const id of ['999999', 'x', '1e3', ''])
    t.equal((await post(multipart, `${file}${end}`, headers, id)).code, 404, id);

  t.match(await job(jobId), { state: 'Pending', ended_at: null }, 'the job waits on');
  t.equal(packager.started, 0);
  t.equal((await upload(jobId, ok, formOf('x'))).code, 200, 'and takes the right file');
});
