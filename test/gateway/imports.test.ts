/** Creating imports and uploading their files (contract, section 5). */
import { randomBytes } from 'node:crypto';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { cancelJobs, findJobs, type JobRow } from '@osimage/database';
import { Problem } from '@osimage/errors';
import t, { type Test } from 'tap';
import { holdLease } from '../../services/gateway/uploads/lease.ts';
import { basic, createTestGateway, type TestGateway, userName } from '../support/gateway.ts';
import { part } from '../support/multipart.ts';
import { createRowPackager, type RowPackager } from '../support/row-packager.ts';
import { until } from '../support/until.ts';

interface ImportGateway extends TestGateway {
  packager: RowPackager;
  url: string;
  staging: string;
  /** Creates an import job. */
  create(imageType?: string, fileSize?: number | string): Promise<string>;
  /** Uploads with fetch. */
  upload(jobId: string, query: string, form: FormData | string): Promise<{ code: number; text: string }>;
  job(id: string): Promise<JobRow>;
}

async function importGateway(t: Test): Promise<ImportGateway> {
  let packager: RowPackager | undefined;
  const gateway: TestGateway = await createTestGateway(t, {
    packager: async (url) => (packager = createRowPackager(url, () => gateway.services.storeRoot)),
    // More than any disk has: what is refused here is refused for want of space.
    env: { UPLOAD_BYTES_MOST: String(Number.MAX_SAFE_INTEGER) },
  });
  const { app, db, headers, services } = gateway;
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  const staging = join(services.storeRoot, 'staging');
  const create = async (imageType = 'SCRIPT', fileSize?: number | string) => {
    const payload = { Action: 'Init', ...(fileSize !== undefined && { fileSize }) };
    const answer = await app.inject({
      method: 'POST',
      url: `/osImages/?imageType=${imageType}`,
      headers,
      payload,
    });
    if (answer.statusCode !== 200) throw new Error(answer.body);
    return answer.json<{ jobId: string }>().jobId;
  };
  const upload = async (jobId: string, query: string, form: FormData | string) => {
    const body = typeof form === 'string' ? Buffer.from(form) : form;
    const type = typeof form === 'string' && { 'content-type': 'multipart/form-data; boundary=edge' };
    const answer = await fetch(`${url}/files/osImages?jobId=${jobId}&${query}`, {
      ...{ method: 'POST', body, headers: { ...headers, ...type } },
    });
    return { code: answer.status, text: await answer.text() };
  };
  const job = async (id: string) => (await findJobs(db, [id]))[0]!;
  return { ...gateway, packager: packager!, url, staging, create, upload, job };
}

function formOf(content: Buffer | string, fileName = 'a.sh'): FormData {
  const form = new FormData();
  form.set('name', 'uploadedfile');
  form.set('uploadedfile', new Blob([content]), fileName);
  return form;
}

/** Opens an upload by hand and sends the beginning of it. */
function beginUpload(gateway: ImportGateway, jobId: string, length: number, content: string): Socket {
  const { hostname, port } = new URL(gateway.url);
  const socket = connect(Number(port), hostname);
  socket.setEncoding('utf8');
  // A connection that the other side resets is no failure of the test.
  socket.on('error', () => {});
  socket.write(
    `POST /files/osImages?jobId=${jobId}&imageType=SCRIPT&imageName=a.sh HTTP/1.1\r\nHost: x\r\n` +
      `Authorization: ${gateway.headers.authorization}\r\nContent-Length: ${length}\r\n` +
      `Content-Type: multipart/form-data; boundary=edge\r\n\r\n${content}`,
  );
  return socket;
}

const opening = '--edge\r\nContent-Disposition: form-data; name="uploadedfile"; filename="a.sh"\r\n\r\n';

async function answerOf(socket: Socket): Promise<string> {
  let text = '';
  for await (const chunk of socket) {
    text += chunk;
    if (text.includes('"messages"')) break;
  }
  return text;
}

const staged = async (gateway: ImportGateway): Promise<string[]> => readdir(gateway.staging).catch(() => []);
const sizeOf = async (path: string) => (await stat(path).catch(() => undefined))?.size ?? 0;

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

t.test('takes a text as content, where the import was made for one', async (t) => {
  const { app, headers, create, upload, staging, db, packager } = await importGateway(t);
  const createByContent = async (imageType: string, fileSize?: number) => {
    const url = `/osImages?imageType=${imageType}&importByContent=TRUE`;
    const payload = { Action: 'Init', ...(fileSize !== undefined && { fileSize }) };
    return (await app.inject({ method: 'POST', url, headers, payload })).json<{ jobId: string }>().jobId;
  };
  const send = async (jobId: string, query: string, payload: object) => {
    const url = `/files/osImages?jobId=${jobId}&${query}`;
    const answer = await app.inject({ method: 'POST', url, headers, payload });
    return { code: answer.statusCode, body: answer.json() };
  };
  const content = '{"größe": "a\\n🚀"}\n';
  for (const [type, name] of [
    ['CONFIG', 'a.json'],
    ['UNATTEND', 'a.ks'],
    ['CUSTOM_CONFIG', 'b.json'],
  ] as const) {
    const jobId = await createByContent(type, Buffer.byteLength(content));
    const answer = await send(jobId, `imageType=${type}&imageName=${name}&description=a+b`, { content });
    t.match(answer, { code: 200, body: { jobId, result: 'success' } });
    t.equal(await readFile(join(staging, jobId), 'utf8'), content);
    const { rows } = await db.query<{ import: object }>('select import from jobs where id = $1', [jobId]);
    t.match(rows[0]?.import, { name, description: 'a+b', size: Buffer.byteLength(content) });
  }
  t.equal(packager.started, 3);

  const ok = 'imageType=CONFIG&imageName=a.json';
  const forFile = await create('CONFIG');
  t.match(await send(forFile, ok, { content }), {
    code: 400,
    body: { messages: [{ text: /importByContent=true/ }] },
  });
  const jobId = await createByContent('CONFIG');
  t.match(await send(jobId, 'imageType=CONFIG', { content }), {
    code: 400,
    body: { messages: [{ text: /imageName/ }] },
  });
  for (const wrong of [
    {},
    { content: 5 },
    { content, more: 1 },
    { content: '\ud800' },
    { content, serverId: '1' },
  ])
    t.equal((await send(jobId, ok, wrong)).code, 400, JSON.stringify(wrong));
  t.match(await send(jobId, ok, { content: 'x'.repeat(9_000_000) }), {
    code: 413,
    body: { messages: [{ text: /larger than 8388608 bytes/ }] },
  });
  t.equal(packager.started, 3, 'all of them leave the import waiting');
  t.equal((await upload(jobId, ok, formOf('{}', 'a.json'))).code, 200, 'for its text or a file');
  const short = await createByContent('CONFIG', 1);
  t.equal((await send(short, ok, { content })).code, 400, 'the announced size counts');
});

t.test('an upload cut off half way leaves nothing, and the job says so', async (t) => {
  const gateway = await importGateway(t);
  const { create, job, staging, packager } = gateway;
  for (const sent of [0, 1, 100_000, 3_000_000]) {
    const jobId = await create();
    const socket = beginUpload(gateway, jobId, 10_000_000, `${opening}${'x'.repeat(sent)}`);
    await until(
      async () =>
        (await sizeOf(join(staging, jobId))) >= Math.floor(sent / 2 ** 20) * 2 ** 20 &&
        (await staged(gateway)).length > 0,
    );
    socket.destroy();
    await until(async () => (await job(jobId)).ended_at !== null);
    const ended = await job(jobId);
    t.match(
      ended,
      { state: 'Interrupted', percent: 100, error: { code: 'upload_cut_off' } },
      `${sent} bytes`,
    );
    t.strictSame(await staged(gateway), []);
  }
  const cut = await create();
  const { code, text } = await gateway.upload(
    cut,
    'imageType=SCRIPT&imageName=a.sh',
    `${opening}content\r\n--edge`,
  );
  t.equal(code, 400, 'a body without its last boundary is cut off too');
  t.match(text, /before it was complete/);
  t.equal((await job(cut)).state, 'Interrupted');
  t.strictSame(await staged(gateway), []);
  t.equal(packager.started, 0);
});

t.test('a size that is not the announced one ends the import', async (t) => {
  const gateway = await importGateway(t);
  const { create, upload, job } = gateway;
  for (const [announced, sent] of [
    [5, 'four'],
    [3, 'four'],
  ] as const) {
    const jobId = await create('SCRIPT', announced);
    const { code, text } = await upload(jobId, 'imageType=SCRIPT&imageName=a.sh', formOf(sent));
    t.equal(code, 400);
    t.match(text, `announced ${announced} bytes`);
    t.equal((await job(jobId)).state, 'Interrupted');
    t.strictSame(await staged(gateway), []);
  }
});

t.test('an upload that cannot fit is refused before its first byte', async (t) => {
  const gateway = await importGateway(t);
  const jobId = await gateway.create();
  const socket = beginUpload(gateway, jobId, 900_000_000_000_000, opening);
  const text = await answerOf(socket);
  t.match(text, /^HTTP\/1\.1 507 /);
  // The file and what is packed of it lie beside each other for a while.
  t.match(text, /18000\d+ bytes are needed, \d+ are available on the store, \d+ could be freed/);
  socket.destroy();
});

t.test('a cancelled import stops its upload', async (t) => {
  const gateway = await importGateway(t);
  const { create, db, staging } = gateway;
  const jobId = await create();
  const socket = beginUpload(gateway, jobId, 10_000_000, `${opening}${'x'.repeat(2_000_000)}`);
  await until(async () => (await sizeOf(join(staging, jobId))) > 0);
  await until(async () => (await gateway.job(jobId)).step.includes('2000000 bytes'));
  await cancelJobs(db, [jobId], 'USERID');
  const text = await answerOf(socket);
  t.match(text, /^HTTP\/1\.1 409 /);
  t.strictSame(await staged(gateway), []);
  t.equal((await gateway.job(jobId)).state, 'Cancelled');
  socket.destroy();
});

t.test('an upload that goes silent is given up, one that goes on is not', async (t) => {
  const { db, create, services, packager } = await importGateway(t);
  const jobId = await create();
  let bytes = 0;
  const lease = (silenceMs: number) =>
    holdLease({
      packager,
      jobId,
      call: { user: userName },
      log: services.log,
      silenceMs,
      received: () => bytes++,
    });
  const silent = await holdLease({
    ...{ packager, jobId, call: { user: userName }, log: services.log, silenceMs: -1, received: () => 7 },
  });
  await until(() => silent.signal.aborted);
  t.match(silent.signal.reason, { code: 'upload_cut_off', params: { received: 7 } });
  await silent.stop();
  const busy = await lease(-1);
  await until(() => bytes > 3);
  t.notOk(busy.signal.aborted);
  await cancelJobs(db, [jobId], userName);
  await until(() => busy.signal.aborted);
  t.match(busy.signal.reason, { code: 'job_not_waiting' });
  await busy.stop();
  await t.rejects(lease(60_000), { code: 'job_not_waiting' }, 'nothing begins for an import that ended');
});

t.test('two uploads at once: the second is refused, the first goes on', async (t) => {
  const gateway = await importGateway(t);
  const { create, staging, upload } = gateway;
  const jobId = await create();
  const tail = '\r\n--edge--\r\n';
  const socket = beginUpload(gateway, jobId, opening.length + 7 + tail.length, `${opening}content`);
  await until(async () => (await staged(gateway)).length > 0);
  const second = await upload(jobId, 'imageType=SCRIPT&imageName=a.sh', formOf('other'));
  t.equal(second.code, 409, second.text);
  socket.write(tail);
  t.match(await answerOf(socket), /^HTTP\/1\.1 200 /);
  t.equal(await readFile(join(staging, jobId), 'utf8'), 'content');
  socket.destroy();
});

t.test('without a packager nothing is kept, and the caller may try again', async (t) => {
  const gateway = await importGateway(t);
  const jobId = await gateway.create();
  const { packager } = gateway;
  const { renewImport } = packager;
  packager.renewImport = () => Promise.reject(new Problem('unavailable', { what: 'the packaging service' }));
  const refused = await gateway.upload(jobId, 'imageType=SCRIPT&imageName=a.sh', formOf('x'));
  t.equal(refused.code, 503);
  t.strictSame(await staged(gateway), []);

  packager.renewImport = renewImport;
  const { startImport } = packager;
  let calls = 0;
  // Its answer is lost, although it did start the import.
  packager.startImport = async (request, call) => {
    if (calls++ > 0) return await startImport(request, call);
    await startImport(request, call);
    throw new Problem('unavailable', { what: 'the packaging service' });
  };
  const answer = await gateway.upload(jobId, 'imageType=SCRIPT&imageName=a.sh', formOf('x'));
  t.equal(answer.code, 200, answer.text);
  t.equal(packager.started, 1, 'started once');
  t.strictSame(await staged(gateway), [jobId]);
});

t.test('a leftover staging file of another job is not touched', async (t) => {
  const gateway = await importGateway(t);
  const jobId = await gateway.create();
  await gateway.upload(jobId, 'imageType=SCRIPT&imageName=a.sh', formOf('x'));
  await writeFile(join(gateway.staging, '77'), 'of another');
  const second = await gateway.create();
  t.equal((await gateway.upload(second, 'imageType=SCRIPT&imageName=a.exe', formOf('x'))).code, 400);
  t.strictSame((await staged(gateway)).sort(), ['77', jobId].sort());
});
