/** Imports whose content comes as text, without a file (contract, section 5). */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { formOf, importGateway } from '../support/import-gateway.ts';

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
